/** The demo, through the executable: a real folder is archived, and the numbers are counted here again. */
import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

setDefaultTimeout(60_000);

const ROOT = join(import.meta.dir, "../..");
const TQ = join(ROOT, "dist/tq");
const MAIN = join(ROOT, "examples/archive/main.ts");

interface Row {
  readonly path: string;
  readonly state: string;
  readonly detail: string;
  readonly hash: string | null;
  readonly words: number | null;
}

/** A folder of files, an archive beside it, and a current folder for the programs. */
class Office implements Disposable {
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
    using db = new Database(this.database);
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
function expectRow(text: string, label: string, ...numbers: (string | number)[]): void {
  const row = text.split("\n").find((line) => line.startsWith(label)) ?? "";
  expect(row.split(/\s{2,}/).map((cell) => cell.trim())).toEqual([label, ...numbers.map(String)]);
}

function fill(office: Office): void {
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

test("every file is counted, read, hashed and found; what cannot be read is there with its reason", async () => {
  using office = new Office();
  fill(office);
  const { code, text } = await office.demo("--search", "walrus invoice", "--batch", "3");
  expect(text).toContain("Checked: find lists 11 files, and the archive has the same paths");
  expect(code).toBe(0);
  expect(text).toContain("11 new, 0 changed, 0 known, 0 gone");
  expect(text).toContain("2 symbolic links not followed");
  expect(text).toContain("1 socket, pipe or device left alone");
  expect(text).toContain("Pushed 4 tasks");
  expectRow(text, "plain", 6, "75 bytes", 12);
  expectRow(text, "Markdown", 1, "28 bytes", 5);
  expectRow(text, "HTML", 1, "42 bytes", 2);
  expectRow(text, "JSON", 1, "12 bytes", 4);
  expectRow(text, "binary: NUL bytes", 1, "1.0 kB", "");
  expectRow(text, "binary: not UTF-8", 1, "4 bytes", "");
  expect(text).toMatch(/Search for "walrus invoice": 1 document\n {2}letter\.md\n {4}.*«walrus»/);

  const documents = office.documents();
  for (const name of ["plain.txt", "sub/data.json", "zeros.bin", "new\nline.txt", "😀.txt"]) {
    const hash = new Bun.CryptoHasher("sha256").update(readFileSync(office.at(name))).digest("hex");
    expect(documents.get(name)?.hash).toBe(hash);
  }
  expect(documents.get("wide.txt")?.words).toBe(4);
});

test("a second run reads nothing; then what changed is read, and what is gone leaves the archive", async () => {
  using office = new Office();
  fill(office);
  await office.demo();
  const second = await office.demo("--search", "two");
  expect(second.text).toContain("0 new, 0 changed, 11 known, 0 gone");
  expect(second.text).not.toContain("Pushed");
  expect(second.text).toContain('Search for "two": 2 documents');

  office.write("plain.txt", "only this now");
  office.write("added.txt", "two");
  rmSync(office.at("sub/page.html"));
  const third = await office.demo("--search", "two");
  expect(third.text).toContain("1 new, 1 changed, 9 known, 1 gone");
  expect(third.text).toContain('Search for "two": 1 document\n  added.txt');
  expect(third.text).toContain("Checked: find lists 11 files");
  expect(third.code).toBe(0);
});

test("files that vanish or change between the walk and the task are stored as they are then", async () => {
  using office = new Office();
  const config = ["-c", join(ROOT, "examples/archive/tq.toml"), "-d", office.database];
  for (const name of ["stays", "vanishes", "changes", "folder"]) office.write(name, "before");
  await office.tq("run", ...config, join(ROOT, "examples/archive/scan.ts"), office.files, "2");
  rmSync(office.at("vanishes"));
  rmSync(office.at("folder"));
  mkdirSync(office.at("folder"));
  office.write("changes", "three words now");
  const worker = await office.tq("worker", ...config, "--drain");
  expect(worker.code).toBe(0);
  const found = Array.from(office.documents(), ([name, row]) => [
    name,
    row.state,
    row.detail,
    row.words,
  ]);
  expect(found).toEqual([
    ["changes", "text", "plain", 3],
    ["folder", "unreadable", "no longer a file", null],
    ["stays", "text", "plain", 1],
    ["vanishes", "unreadable", "vanished before it was read", null],
  ]);
  const { text } = await office.demo();
  expect(text).toContain("0 new, 0 changed, 2 known, 2 gone");
});

test("a killed run is gone on with: nothing is pushed twice, nothing is missing", async () => {
  using office = new Office();
  for (let number = 0; number < 300; number++) office.write(`${number}.txt`, `word${number} same`);
  const first = office.start(
    "run",
    MAIN,
    office.files,
    "--archive",
    office.archive,
    "--batch",
    "5",
  );
  await seen(first.stdout, "Pushed 60 tasks");
  first.kill("SIGKILL");
  await first.exited;

  const { code, text } = await office.demo("--search", "same");
  expect(text).toContain("0 new, 0 changed");
  expect(text).not.toContain("Pushed");
  expect(text).toContain("Checked: find lists 300 files");
  expect(code).toBe(0);
  expect(office.all("SELECT state, count(*) AS tasks FROM tq_tasks GROUP BY state")).toEqual([
    { state: "finished", tasks: 60 },
  ]);
  expect(text).toContain('Search for "same": 300 documents');
});

test("the archive is removed at the end, and the demo says where it was and how to keep it", async () => {
  using office = new Office();
  office.write("a.txt", "hello world");
  const { code, text } = await office.demoAnywhere();
  expect(text).toMatch(/^Removed the archive, \d+ kB in (\S+); --keep leaves it there\n$/m);
  expect(text).toContain('Search for "hello world": 1 document');
  expect(office.left()).toEqual([]);
  expect(code).toBe(0);
});

test("with --keep the archive stays, and the demo says where; the next run finds it and leaves it too", async () => {
  using office = new Office();
  office.write("a.txt", "one");
  const kept = await office.demoAnywhere("--keep");
  const place = /^The archive stays in (\S+): \d+ kB$/m.exec(kept.text)?.[1] ?? "";
  expect(readdirSync(place)).toContain("archive.db");
  const next = await office.demoAnywhere();
  expect(next.text).toContain("0 new, 0 changed, 1 known, 0 gone");
  expect(next.text).toContain(`The archive stays in ${place}`);
  expect(readdirSync(place)).toContain("archive.db");
});

test("a demo that is stopped removes its archive too", async () => {
  using office = new Office();
  for (let number = 0; number < 3_000; number++) office.write(`${number}.txt`, `word${number}`);
  const child = office.start("run", MAIN, office.files, "--batch", "1");
  const text = new Response(child.stdout).text();
  while (!office.left().some((name) => name.endsWith("archive.db"))) await Bun.sleep(5);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(130);
  expect(await text).toContain("Removed the archive");
  expect(office.left()).toEqual([]);
});

test("after a failure the archive stays for a look", async () => {
  using office = new Office();
  office.write("a.txt", "a");
  office.pretend("find", "true");
  const { code, text } = await office.demoAnywhere();
  expect(text).toContain("The archive stays in ");
  expect(office.left().some((name) => name.endsWith("archive.db"))).toBe(true);
  expect(code).toBe(1);
});

async function seen(stream: ReadableStream<Uint8Array>, words: string): Promise<void> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    if (text.includes(words)) return;
  }
  throw new Error(`${words} was never printed, only: ${text}`);
}

test("a count that differs is said, with the paths, and the exit status is 1", async () => {
  using office = new Office();
  office.write("a.txt", "a");
  office.pretend("find", `printf '%s/b.txt\\0%s/c.txt\\0' "$1" "$1"`);
  const { code, text } = await office.demo();
  expect(text).toContain(
    "find lists 2 files: 2 not in the archive, 1 only in the archive\n  b.txt\n  c.txt",
  );
  expect(code).toBe(1);
});

test("what cannot be done is a sentence, and nothing is archived", async () => {
  using office = new Office();
  office.write("a.txt", "a");
  const refused = async (...args: string[]) => {
    const { code, text } = await office.tq("run", MAIN, ...args);
    return `${code}: ${text}`;
  };
  expect(await refused(office.at("missing"))).toContain("2: Cannot archive");
  expect(await refused(office.at("a.txt"))).toContain("it is not a folder");
  expect(await refused(office.files, "--archive", office.at("in"))).toContain(
    "would archive itself",
  );
  expect(await refused(office.files, "--batch", "0")).toContain("--batch cannot be 0");
  expect(await refused(office.files, "--serch", "x")).toContain("2: Unknown option '--serch'");

  await office.demo();
  const other = join(office.archive, "..", "other");
  mkdirSync(other);
  const stranger = await refused(other, "--archive", office.archive);
  expect(stranger).toContain("the archive has files of another folder");
  expect(office.documents().size).toBe(1);
});
