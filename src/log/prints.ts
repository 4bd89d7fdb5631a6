/**
 * Takes over what models print with `console` and `process.stdout`: a full disk, or a reader that reads nothing, costs
 * lines, and neither holds up a task nor fails it.
 */
import type { Writable } from "node:stream";
import { formatDuration } from "../values/duration.ts";
import type { Report } from "./events.ts";
import { type StandardStream, UnwrittenError, writeText } from "./standard-stream.ts";

export interface PrintsOptions {
  /** For `console.log` and `process.stdout`. */
  readonly output: StandardStream;
  /** For `console.error` and `process.stderr`. */
  readonly error: StandardStream;
  readonly colour: boolean;
  readonly report: Report;
  /** Called with each text that is printed, whole lines or parts of them. */
  readonly printed?: (level: "info" | "error", text: string) => void;
}

export interface Prints {
  /** Reports the lines that were lost since the last report. */
  flush(): void;
}

type Print = (chunk: string | Uint8Array) => void;

/** Takes over the `console` and `process` of this thread. */
export function takePrints({ output, error, colour, report, printed }: PrintsOptions): Prints {
  const losses = new Losses(report);
  const print = (stream: StandardStream, level: "info" | "error"): Print => {
    return (chunk) => {
      printed?.(level, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      try {
        writeText(chunk, stream);
      } catch (cause) {
        losses.add(cause);
      }
    };
  };
  const [toOutput, toError] = [print(output, "info"), print(error, "error")];
  takeStream("stdout", 1, toOutput);
  takeStream("stderr", 2, toError);
  takeConsole(toOutput, toError, colour);
  return losses;
}

/** The time between two reports of lost lines. */
const BETWEEN_REPORTS_MS = 60_000;

class Losses implements Prints {
  readonly #report: Report;
  #lines = 0;
  #why = "";
  #reportedAt = -Infinity;

  constructor(report: Report) {
    this.#report = report;
  }

  add(error: unknown): void {
    // A text without its new line has lost no whole line, and counts as one.
    this.#lines += Math.max(1, error instanceof UnwrittenError ? error.lines : 1);
    this.#why = error instanceof Error ? error.message : String(error);
    if (performance.now() - this.#reportedAt > BETWEEN_REPORTS_MS) this.flush();
  }

  flush(): void {
    if (this.#lines === 0) return;
    const lines =
      this.#lines === 1
        ? "A line that models printed is"
        : `${this.#lines} lines that models printed are`;
    const message = `${lines} lost: ${this.#why}; the log counts more of them every ${formatDuration(BETWEEN_REPORTS_MS)}`;
    this.#lines = 0;
    this.#reportedAt = performance.now();
    this.#report({ name: "log.note", level: "warn", message });
  }
}

/** The stream is made at the first use: Bun's own takes 25 ms and 4 MB of each thread. */
function takeStream(name: "stdout" | "stderr", fd: number, print: Print): void {
  let made: Writable | undefined;
  Reflect.set(process, name, null); // otherwise Bun makes its own stream to replace it
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get: () => (made ??= makeStream(fd, print)),
    set: (stream: Writable) => {
      made = stream;
    },
  });
}

/** A stream that no code can end or close, as the threads share its descriptor with the log. */
function makeStream(fd: number, print: Print): Writable {
  const { Writable } = process.getBuiltinModule("node:stream");
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      print(chunk);
      done();
    },
  });
  function end(...given: unknown[]): Writable {
    const done = given.findLast((value) => typeof value === "function");
    const [chunk, encoding] = given.filter((value) => value !== done);
    if (chunk !== undefined && chunk !== null) stream.write(chunk, encoding as BufferEncoding);
    if (done !== undefined) process.nextTick(done);
    return stream;
  }
  return Object.assign(stream, { fd, end, destroy: () => stream });
}

/** Methods of `console` that print their arguments as Bun does, and the descriptor that each prints to. */
const PLAIN = { log: 1, info: 1, debug: 1, warn: 2, error: 2 } as const;

/** Methods of `console` that lay out a text, and how each changes the depth of groups, whose lines are indented. */
const LAID_OUT = {
  assert: 0,
  count: 0,
  countReset: 0,
  dir: 0,
  dirxml: 0,
  group: 1,
  groupCollapsed: 1,
  groupEnd: -1,
  table: 0,
  time: 0,
  timeEnd: 0,
  timeLog: 0,
  trace: 0,
} as const;

type Method = (...args: unknown[]) => void;

function takeConsole(toOutput: Print, toError: Print, colour: boolean): void {
  let made: object | undefined;
  let depth = 0;
  function layOut(name: string, args: unknown[]): void {
    const { Console } = console; // loaded here, as few tasks need it
    const streams = { stdout: target(toOutput), stderr: target(toError) };
    made ??= new Console({ ...streams, colorMode: colour });
    (Reflect.get(made, name) as Method).apply(made, args);
  }
  const methods: Record<string, unknown> = {};
  for (const [name, change] of Object.entries(LAID_OUT)) {
    methods[name] = (...args: unknown[]) => {
      depth = Math.max(0, depth + change);
      layOut(name, args);
    };
  }
  for (const [name, fd] of Object.entries(PLAIN)) {
    const print = fd === 1 ? toOutput : toError;
    methods[name] = (...args: unknown[]) => {
      const [first] = args;
      if (typeof first === "string" && first.includes("%")) return layOut(name, args);
      const text = asText(args, colour);
      return depth === 0 ? print(`${text}\n`) : layOut(name, [text]);
    };
  }
  methods["write"] = (...chunks: (string | Uint8Array)[]) => {
    for (const chunk of chunks) toOutput(chunk);
    return chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
  };
  Object.assign(console, methods);
}

function asText(args: readonly unknown[], colors: boolean): string {
  return args
    .map((arg) => (typeof arg === "string" ? arg : Bun.inspect(arg, { colors })))
    .join(" ");
}

/** All that a console needs of a stream. */
function target(print: Print): NodeJS.WritableStream {
  const write = (text: string) => {
    print(text);
    return true;
  };
  const ignore = () => {};
  const listeners = { once: ignore, removeListener: ignore, listenerCount: () => 0 };
  const stream = { write, ...listeners };
  return stream as unknown as NodeJS.WritableStream;
}
