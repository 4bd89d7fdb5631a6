/** Runs the command line in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, isStale } from "../../.ci/build.ts";
import type { Clock } from "../../src/clock.ts";
import type { Store } from "../../src/store/store.ts";
import { IS_POSTGRES, TestedDatabase } from "../support/tested-store.ts";

const ROOT = join(import.meta.dir, "../..");

/** Starts tq: from its source, or, where all is run again, the executable, which starts in a quarter of the time. */
export const TQ: readonly string[] = IS_POSTGRES
  ? [await executable()]
  : [process.execPath, join(ROOT, "cli/main.ts")];

async function executable(): Promise<string> {
  if (isStale(ROOT)) await build(ROOT);
  return join(ROOT, "dist/tq");
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary folder, deleted at the end of its scope. */
export class Folder implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), "tq-cli-"));
  readonly database = new TestedDatabase(this.path);

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text);
  }

  /** The database that the commands find here. */
  store(clock?: Clock): Store {
    return this.database.open({ durability: "normal", ...(clock && { clock }) });
  }

  /** The variables with which a command finds the database; a file it finds in its folder. */
  get variables(): Record<string, string> {
    return IS_POSTGRES ? { TQ_DATABASE: this.database.place } : {};
  }

  /** The developer's own settings of tq must not change the tests. */
  #environment(env: Record<string, string>): Record<string, string | undefined> {
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("TQ_"));
    return { ...Object.fromEntries(others), ...this.variables, ...env };
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
    const command = ["sh", "-c", script, ...TQ, ...args];
    const all = this.#environment(env);
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
    const child = Bun.spawn([...TQ, ...args], {
      cwd: this.path,
      env: this.#environment({ TERM: "xterm", NO_COLOR: "1", ...env }),
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
    return Bun.spawn([...TQ, ...args], {
      cwd: this.path,
      env: this.#environment(env),
      stdin,
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
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
