/**
 * Takes over what models print with `console` and `process.stdout`: a full disk, or a reader that reads nothing, costs
 * lines, and neither holds up a task nor fails it.
 */
import { monotonicNow } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Writable } from "node:stream";
import { formatDuration } from "../values/duration.ts";
import { inspect } from "../inspect.ts";
import type { Level, Report } from "./events.ts";
import { type StandardStream, UnwrittenError, writeLines, writeText } from "./standard-stream.ts";

export interface PrintsOptions {
  /** For `console.log` and `process.stdout`. */
  readonly output: StandardStream;
  /** For `console.error` and `process.stderr`. */
  readonly error: StandardStream;
  readonly colour: boolean;
  readonly report: Report;
  readonly hearer?: PrintsHearer;
}

interface PrintsHearer {
  /** A method of `console` prints this. @returns true: the hearer prints it. */
  said(level: Level, text: string): boolean;
  /** These characters, of one line or of several, are written to a stream as they are. */
  wrote(level: Level, text: string): void;
}

export interface Prints {
  /** Prints whole lines to standard output, behind what was written there without an end of line. */
  lines(text: string): void;
  /** Reports the lines that were lost since the last report. */
  flush(): void;
}

type Print = (chunk: string | Uint8Array) => void;
type Say = (level: Level, text: string) => void;

/** Takes over the `console` and `process` of this thread. */
export function takePrints({ output, error, colour, report, hearer }: PrintsOptions): Prints {
  const losses = new Losses(report);
  const counting = (write: () => void): void => {
    try {
      write();
    } catch (cause) {
      losses.add(cause);
    }
  };
  const print = (stream: StandardStream, level: Level): Print => {
    return (chunk) => {
      hearer?.wrote(level, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      counting(() => writeText(chunk, stream));
    };
  };
  const say: Say = (level, text) => {
    if (hearer?.said(level, text)) return;
    counting(() => writeText(text, isTrouble(level) ? error : output));
  };
  const toOutput = print(output, "info");
  takeStream("stdout", 1, toOutput);
  takeStream("stderr", 2, print(error, "error"));
  takeConsole(say, toOutput, colour);
  return {
    lines: (text) => counting(() => writeLines(text, output)),
    flush: () => losses.flush(),
  };
}

function isTrouble(level: Level): boolean {
  return level === "warn" || level === "error";
}

/** The time between two reports of lost lines. */
const BETWEEN_REPORTS_MS = 60_000;

class Losses {
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
    this.#why = messageOf(error);
    if (monotonicNow() - this.#reportedAt > BETWEEN_REPORTS_MS) this.flush();
  }

  flush(): void {
    if (this.#lines === 0) return;
    const lines =
      this.#lines === 1
        ? "A line that models printed is"
        : `${this.#lines} lines that models printed are`;
    const message = `${lines} lost: ${this.#why}; the log counts more of them every ${formatDuration(BETWEEN_REPORTS_MS)}`;
    this.#lines = 0;
    this.#reportedAt = monotonicNow();
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

/** Methods of `console` that print their arguments as Bun does, and the level of each. */
const PLAIN = { log: "info", info: "info", debug: "debug", warn: "warn", error: "error" } as const;

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

function takeConsole(say: Say, toOutput: Print, colour: boolean): void {
  let made: object | undefined;
  let depth = 0;
  /** The level of what is laid out; null: that of the stream that the console chooses. */
  let level: Level | null = null;
  const toStream = (preset: Level) => target((text) => say(level ?? preset, text));
  function layOut(name: string, args: unknown[], of: Level | null = null): void {
    const { Console } = console; // loaded here, as few tasks need it
    const streams = { stdout: toStream("info"), stderr: toStream("error") };
    made ??= new Console({ ...streams, colorMode: colour });
    level = of;
    try {
      (Reflect.get(made, name) as Method).apply(made, args);
    } catch {
      say(of ?? "info", `${asText(args, colour)}\n`); // `%s` of an object without a prototype
    }
  }
  const methods: Record<string, unknown> = {};
  for (const [name, change] of Object.entries(LAID_OUT)) {
    methods[name] = (...args: unknown[]) => {
      depth = Math.max(0, depth + change);
      layOut(name, args);
    };
  }
  for (const [name, its] of Object.entries(PLAIN)) {
    methods[name] = (...args: unknown[]) => {
      const [first] = args;
      if (typeof first === "string" && first.includes("%")) return layOut(name, args, its);
      const text = asText(args, colour);
      return depth === 0 ? say(its, `${text}\n`) : layOut(name, [text], its);
    };
  }
  methods["write"] = (...chunks: (string | Uint8Array)[]) => {
    for (const chunk of chunks) toOutput(chunk);
    return chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
  };
  Object.assign(console, methods);
}

function asText(args: readonly unknown[], colors: boolean): string {
  return args.map((arg) => (typeof arg === "string" ? arg : inspect(arg, { colors }))).join(" ");
}

/** All that a console needs of a stream. */
function target(print: (text: string) => void): NodeJS.WritableStream {
  const write = (text: string) => {
    print(text);
    return true;
  };
  const ignore = () => {};
  const listeners = { once: ignore, removeListener: ignore, listenerCount: () => 0 };
  const stream = { write, ...listeners };
  return stream as unknown as NodeJS.WritableStream;
}
