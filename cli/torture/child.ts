/** A process of this same executable: a worker or a producer, which is killed or stopped, and whose lines are read. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { self } from "../command/self.ts";

export class Child {
  readonly #process;
  readonly #read: Promise<void>;
  /** True once `kill` or `stop` was called. */
  #asked = false;

  /** @param heard gets each line of its standard output; its log goes to log.txt in the folder. */
  constructor(folder: string, args: readonly string[], heard: (words: string[]) => void) {
    const log = openSync(join(folder, "log.txt"), "a");
    this.#process = Bun.spawn([...self(), ...args], {
      cwd: folder,
      env: withoutSettings(process.env),
      stdin: "pipe",
      stdout: "pipe",
      stderr: log,
      detached: true, // a terminal's Ctrl-C is for the torture, which ends them itself
    });
    closeSync(log);
    this.#read = readLines(this.#process.stdout, heard);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** False once it has been told to end, or is gone. */
  get alive(): boolean {
    return !this.#asked && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** True when it was told to end. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Resolves with its exit status when it is gone and every line of it was heard. */
  async gone(): Promise<number> {
    const code = await this.#process.exited;
    await this.#read;
    return code;
  }

  /** Stops it where it is, whatever it does. */
  pause(): void {
    if (this.alive) this.#process.kill("SIGSTOP");
  }

  goOn(): void {
    this.#process.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    this.#asked = true;
    this.#process.kill("SIGKILL");
    await this.gone();
  }

  /** Ends its standard input and, where given, sends a signal that asks it to end; resolves with its exit status. */
  async stop(signal?: "SIGTERM"): Promise<number> {
    this.#asked = true;
    await this.#process.stdin.end();
    if (signal) this.#process.kill(signal);
    return this.gone();
  }
}

/** The user's own settings for tq do not count here. */
function withoutSettings(env: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("TQ_")));
}

/** A line that a kill cut off does not count. */
async function readLines(
  stream: ReadableStream<Uint8Array>,
  heard: (words: string[]) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) heard(line.split(" "));
  }
}
