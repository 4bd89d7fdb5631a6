/** A child process that runs a piece of TypeScript, exchanges lines with the test, and is killed with its scope. */
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

export interface Helper extends AsyncDisposable {
  readonly pid: number;
  /** The next line of its standard output. */
  line(): Promise<string>;
  /** Sends a line to its standard input. */
  send(line: string): void;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/**
 * @param code the body of an async function, in which `line()` waits for a line from `send`. The process exits at its
 * end. It imports modules from the project's root: `await import("./src/clock.ts")`.
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
      if (done) throw new Error("The child process ended without another line");
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
