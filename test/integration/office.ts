/** A folder of files that the demo archives. */
import { expect } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../support/connect.ts";
import { ROOT, TQ } from "./support/site.ts";

export const MAIN = join(ROOT, "examples/archive/main.ts");

interface Row {
  readonly path: string;
  readonly state: string;
  readonly detail: string;
  readonly hash: string | null;
  readonly words: number | null;
}

/** A folder of files, an archive beside it, and a current folder for the programs. */
export class Office implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), "tq-demo-"));
  readonly files = join(this.#path, "files");
  readonly archive = join(this.#path, "archive");
  readonly temporary = join(this.#path, "temporary");
  readonly database = join(this.archive, "archive.db");

  constructor() {
    mkdirSync(this.files);
    mkdirSync(this.archive);
    mkdirSync(this.temporary);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.at(name), content);
  }

  at(name: string): string {
    return join(this.files, name);
  }

  /** Puts a program of this name before those of the system. */
  pretend(name: string, script: string): void {
    writeFileSync(join(this.#path, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.#path, name), 0o755);
  }

  start(...args: string[]) {
    const env = Object.entries({
      ...process.env,
      PATH: `${this.#path}:${process.env["PATH"]}`,
      TMPDIR: this.temporary,
    }).filter(([name]) => !name.startsWith("TQ_"));
    return Bun.spawn([TQ, ...args], {
      cwd: this.#path,
      env: Object.fromEntries(env),
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  async tq(...args: string[]): Promise<{ code: number; text: string }> {
    const child = this.start(...args);
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, text: stdout + stderr };
  }

  /** The archive in the place that the demo takes by itself. */
  demoAnywhere(...args: string[]) {
    return this.tq("run", MAIN, this.files, ...args);
  }

  /** What is left in the folder for temporary files. */
  left(): string[] {
    return readdirSync(this.temporary, { recursive: true }).map(String).sort();
  }

  demo(...args: string[]) {
    return this.tq("run", MAIN, this.files, "--archive", this.archive, ...args);
  }

  all<T>(sql: string): T[] {
    using db = connect(this.database);
    return db.query(sql).all() as T[];
  }

  documents(): Map<string, Row> {
    const rows = this.all<Row>(
      "SELECT CAST(path AS TEXT) AS path, state, detail, hash, words FROM document ORDER BY path",
    );
    return new Map(rows.map((row) => [row.path.slice(this.files.length + 1), row]));
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

/** What each state and detail has, as the table of the demo says it. */
export function expectRow(text: string, label: string, ...numbers: (string | number)[]): void {
  const row = text.split("\n").find((line) => line.startsWith(label)) ?? "";
  expect(row.split(/\s{2,}/).map((cell) => cell.trim())).toEqual([label, ...numbers.map(String)]);
}

export function fill(office: Office): void {
  mkdirSync(office.at("sub"));
  office.write("plain.txt", "one two three\n");
  office.write("letter.md", "# Invoice\n\nfor the *walrus*\n");
  office.write("sub/page.html", "<p>two words</p><script>not these</script>");
  office.write("sub/data.json", '{ "key": 1 }');
  office.write("wide.txt", Buffer.from("\ufefffour words in UTF-16", "utf16le"));
  office.write("empty", "");
  office.write("zeros.bin", new Uint8Array(1000));
  office.write("latin1.txt", new Uint8Array([0x63, 0x61, 0x66, 0xe9]));
  office.write("new\nline.txt", "odd name");
  office.write("😀.txt", "odd name");
  writeFileSync(Buffer.concat([Buffer.from(`${office.files}/bad`), Buffer.from([0xff])]), "odd");
  symlinkSync("..", office.at("sub/circle"));
  symlinkSync("plain.txt", office.at("twice.txt"));
  Bun.spawnSync(["mkfifo", office.at("pipe")]);
}
