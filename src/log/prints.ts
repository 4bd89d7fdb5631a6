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
}

export interface Prints {
  /** Reports the lines that were lost since the last report. */
  flush(): void;
}

type Print = (chunk: string | Uint8Array) => void;

/** Takes over the `console` and `process` of this thread. */
export function takePrints({ output, error, colour, report }: PrintsOptions): Prints {
  const losses = new Losses(report);
  const print = (stream: StandardStream): Print => {
    return (chunk) => {
      try {
        writeText(chunk, stream);
      } catch (cause) {
        losses.add(cause);
      }
    };
  };
  const [toOutput, toError] = [print(output), print(error)];
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
    this.#lines += Math.max(1, error instanceof UnwrittenError ? error.lines : 1);
    this.#why = error instanceof Error ? error.message : String(error);
    if (performance.now() - this.#reportedAt > BETWEEN_REPORTS_MS) this.flush();
  }

  flush(): void {
    if (this.#lines === 0) return;
    const message = `${this.#lines} lines that models printed are lost: ${this.#why}; the log counts further ones every ${formatDuration(BETWEEN_REPORTS_MS)}`;
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

/** A stream that no code can end or close, as the threads share it with the log. */
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

/** These print their arguments as Bun does; the others lay out a text. */
const PLAIN = ["log", "info", "debug", "warn", "error"] as const;

const LAID_OUT = [
  "assert",
  "count",
  "countReset",
  "dir",
  "dirxml",
  "group",
  "groupCollapsed",
  "groupEnd",
  "table",
  "time",
  "timeEnd",
  "timeLog",
  "trace",
];

type Method = (...args: readonly unknown[]) => void;

function takeConsole(toOutput: Print, toError: Print, colour: boolean): void {
  let made: object | undefined;
  const methodOf = (name: string): Method => {
    const { Console } = console; // loaded here, as few tasks print
    const streams = { stdout: target(toOutput), stderr: target(toError) };
    const own = (made ??= new Console({ ...streams, colorMode: colour }));
    return (Reflect.get(own, name) as Method).bind(own);
  };
  const methods: Record<string, unknown> = {};
  for (const name of LAID_OUT) methods[name] = (...args: unknown[]) => methodOf(name)(...args);
  for (const name of PLAIN) {
    methods[name] = (...args: unknown[]) => methodOf(name)(...formatted(args, colour));
  }
  methods["write"] = (...chunks: (string | Uint8Array)[]) => {
    for (const chunk of chunks) toOutput(chunk);
    return chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
  };
  Object.assign(console, methods);
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

/** The arguments as one text; with placeholders such as %s the console itself formats them. */
function formatted(args: readonly unknown[], colors: boolean): readonly unknown[] {
  const [first] = args;
  if (typeof first === "string" && first.includes("%")) return args;
  return [
    args.map((arg) => (typeof arg === "string" ? arg : Bun.inspect(arg, { colors }))).join(" "),
  ];
}
