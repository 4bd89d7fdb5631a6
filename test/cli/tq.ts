/** Runs the command line from its source, in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore } from "../../src/sqlite/store.ts";

const MAIN = join(import.meta.dir, "../../cli/main.ts");

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary folder, deleted at the end of its scope. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tq-cli-"));

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text);
  }

  /** The database that the commands find here. */
  store(): SqliteStore {
    return new SqliteStore({ path: this.file("tq.db"), durability: "normal" });
  }

  async tq(...args: string[]): Promise<Ended> {
    return this.tqWith({}, ...args);
  }

  async tqWith(
    { input = "", env = {} }: { input?: string; env?: Record<string, string> },
    ...args: string[]
  ): Promise<Ended> {
    return ended(this.start(args, env, new Blob([input])));
  }

  /** With its standard output appended to a file. */
  async into(file: string, ...args: string[]): Promise<Ended> {
    return this.shell('exec "$0" "$@" >> "$OUT"', { OUT: file }, ...args);
  }

  /** A script in which `"$0" "$@"` is tq, its arguments behind it. */
  async shell(script: string, env: Record<string, string> = {}, ...args: string[]): Promise<Ended> {
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const command = ["sh", "-c", script, process.execPath, MAIN, ...args];
    const all = { ...clean(process.env), ...env };
    return ended(Bun.spawn(command, { cwd: this.path, env: all, stdio: [...stdio] }));
  }

  /** On a terminal of `columns`, at which `keys` are typed; `text` is what it shows, its lines as on a pipe. */
  async inTerminal(
    {
      columns,
      keys = "",
      env = {},
    }: { columns: number; keys?: string; env?: Record<string, string> },
    ...args: string[]
  ): Promise<{ readonly code: number; readonly text: string }> {
    const decoder = new TextDecoder();
    const { promise: allRead, resolve } = Promise.withResolvers<void>();
    let text = "";
    const child = Bun.spawn([process.execPath, MAIN, ...args], {
      cwd: this.path,
      env: { ...clean(process.env), TERM: "xterm", NO_COLOR: "1", ...env },
      terminal: {
        cols: columns,
        rows: 50,
        data: (_, data) => (text += decoder.decode(data, { stream: true })),
        exit: () => resolve(),
      },
    });
    child.terminal?.write(keys);
    const code = await child.exited;
    await allRead;
    child.terminal?.close();
    return { code, text: text.replaceAll("\r\n", "\n") };
  }

  start(
    args: readonly string[],
    env: Record<string, string> = {},
    stdin: Blob | number = new Blob([]),
  ) {
    return Bun.spawn([process.execPath, MAIN, ...args], {
      cwd: this.path,
      env: { ...clean(process.env), ...env },
      stdin,
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export async function ended(child: Bun.ReadableSubprocess): Promise<Ended> {
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** What the developer has set for tq must not change the tests. */
function clean(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("TQ_")));
}
