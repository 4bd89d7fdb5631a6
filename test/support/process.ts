/** A helper process that runs a piece of TypeScript, says when it is ready, and is killed with its scope. */
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

export interface Helper extends AsyncDisposable {
  readonly pid: number;
  /** The next line that it writes on standard output. */
  line(): Promise<string>;
  /** Sends a line to its standard input. */
  send(line: string): void;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/**
 * @param code the body of an async function; `line()` waits for a line sent by `send`, and it ends with the code.
 * Modules are imported as from the project's root: `await import("./src/clock.ts")`.
 */
export function startHelper(code: string): Helper {
  const prelude = `
    const lines = console[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value;`;
  const source = code.replaceAll(/import\("\.\//g, `import("${root}/`);
  const child = Bun.spawn([process.execPath, "-e", `${prelude}\n${source}\nprocess.exit(0);`], {
    cwd: root,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = readLines(child.stdout);
  return {
    pid: child.pid,
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error("The helper process ended without another line");
      return value;
    },
    send(text) {
      void child.stdin.write(`${text}\n`);
      void child.stdin.flush();
    },
    kill: (signal) => child.kill(signal),
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
