/** A process that a test started: its log, its output, its signals and its end. */
import { readdirSync, readFileSync } from "node:fs";
import { DEADLINE_MS, eventually } from "./eventually.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of the log in its JSON format. */
export interface LogLine {
  readonly event: string;
  readonly message: string;
  readonly task?: number;
  readonly [field: string]: unknown;
}

/** A process that the test started; it does not outlive the test. */
export class Running {
  readonly pid: number;
  readonly exited: Promise<number>;
  stdout = "";
  stderr = "";
  readonly #child: Bun.Subprocess<Blob, "pipe", "pipe">;
  readonly #read: Promise<unknown>;

  constructor(child: Bun.Subprocess<Blob, "pipe", "pipe">) {
    this.#child = child;
    this.pid = child.pid;
    this.exited = child.exited;
    this.#read = Promise.all([
      gather(child.stdout, (text) => (this.stdout += text)),
      gather(child.stderr, (text) => (this.stderr += text)),
    ]);
  }

  /** The log so far. */
  get log(): LogLine[] {
    const lines = this.stderr.split("\n").filter((line) => line.startsWith("{"));
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return []; // not yet whole
      }
    });
  }

  /** Waits for an event in the log; `fields` must be as given. */
  async says(event: string, fields: Record<string, unknown> = {}): Promise<LogLine> {
    return eventually(
      `${event} ${JSON.stringify(fields)} in the log:\n${this.stderr}`,
      () => this.find(event, fields) ?? this.#failIfGone(event),
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\nThe log is:\n${this.stderr}`);
    });
  }

  find(event: string, fields: Record<string, unknown> = {}): LogLine | undefined {
    return this.#all(event, fields)[0];
  }

  count(event: string, fields: Record<string, unknown> = {}): number {
    return this.#all(event, fields).length;
  }

  #all(event: string, fields: Record<string, unknown>): LogLine[] {
    return this.log.filter(
      (line) =>
        line.event === event &&
        Object.entries(fields).every(([name, value]) => line[name] === value),
    );
  }

  #failIfGone(event: string): undefined {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return undefined;
    if (!this.find(event) && this.#gone++ > 50) {
      throw new Error(`It ended with ${exitCode ?? signalCode} before ${event}`);
    }
    return undefined;
  }
  #gone = 0;

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it with SIGSTOP and waits until none of its threads goes on. */
  async pause(): Promise<void> {
    this.#child.kill("SIGSTOP");
    const threads = `/proc/${this.pid}/task`;
    await eventually("all threads are stopped", () =>
      readdirSync(threads).every((thread) =>
        /\) T /.test(readFileSync(`${threads}/${thread}/stat`, "utf8")),
      ),
    );
  }

  /** Waits for its end by itself, with all that it wrote. */
  async ended(deadline = DEADLINE_MS): Promise<Ended> {
    const late = Bun.sleep(deadline).then(() => {
      throw new Error(`It did not end within ${deadline} ms:\n${this.stderr}`);
    });
    await Promise.race([this.exited, late]);
    late.catch(() => {});
    await this.#read;
    const { exitCode, signalCode } = this.#child;
    if (signalCode !== null) return { code: null, stdout: this.stdout, stderr: this.stderr };
    return { code: exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  /** Ends it with SIGKILL and waits until it is gone. */
  async end(): Promise<void> {
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGKILL");
    await this.exited;
  }
}

async function gather(stream: ReadableStream<Uint8Array>, take: (text: string) => void) {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
