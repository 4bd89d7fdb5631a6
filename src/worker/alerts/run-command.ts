/** Runs the command of an alert: for a limited time, with limited output, and without a process left behind. */
import { clearTimeout, setTimeout, sleep } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { closeSync } from "node:fs";
import { formatDuration, SECOND_MS } from "../../values/duration.ts";
import type { AlertMessage } from "./message.ts";

/** A command may run for this long. */
const COMMAND_TIME_MS = 30 * SECOND_MS;

/** A command that prints more is ended: reading on would keep the worker from its work. */
const MOST_BYTES = 16 * 1024 * 1024;

/** The log has the end of what a command printed. */
const KEPT_CHARACTERS = 1_000;

export interface AlertCommand {
  /** A text for the system's shell, or a program and its arguments. */
  readonly command: string | readonly string[];
  /** The folder in which it runs. */
  readonly folder: string;
  /** ms. */
  readonly limit?: number;
}

type Child = Bun.Subprocess<Uint8Array, "pipe", "pipe">;

/** @returns why it failed; null: it has not. Never throws. */
export async function runCommand(
  { command, folder, limit = COMMAND_TIME_MS }: AlertCommand,
  { json, env }: AlertMessage,
  signal: AbortSignal,
): Promise<string | null> {
  let child: Child;
  try {
    const input = new TextEncoder().encode(json);
    child = Bun.spawn(guarded(typeof command === "string" ? shellOf(command) : command), {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: [input, "pipe", "pipe", isWindows ? "ignore" : "pipe"],
      detached: !isWindows, // a group of its own, which can be ended as a whole
    });
  } catch (error) {
    return `it cannot be started: ${messageOf(error)}`;
  }
  try {
    return await watch(child, limit, signal);
  } finally {
    const lifeline = child.stdio[3];
    if (typeof lifeline === "number") closeSync(lifeline); // Bun leaves it open
  }
}

/** Ends the group once the pipe from the worker is closed: also where the worker is killed, and can end nothing. */
const GUARD = '(cat <&3; kill -KILL -$$) >/dev/null 2>&1 & exec 3<&-; exec "$@"';

function guarded(command: readonly string[]): string[] {
  return isWindows ? [...command] : ["/bin/sh", "-c", GUARD, "tq", ...command];
}

const isWindows = process.platform === "win32";

function shellOf(text: string): string[] {
  if (isWindows) return [process.env["ComSpec"] ?? "cmd.exe", "/d", "/s", "/c", text];
  return ["/bin/sh", "-c", text];
}

async function watch(child: Child, limit: number, signal: AbortSignal): Promise<string | null> {
  let why: string | null = null;
  const stop = (reason: string) => {
    why ??= reason;
    endGroup(child);
  };
  const timer = setTimeout(() => stop(`it ran for ${formatDuration(limit)} and was ended`), limit);
  const aborted = () => stop("it was ended, as its worker stops");
  signal.addEventListener("abort", aborted);
  if (signal.aborted) aborted();
  const output = new Output(() => stop("it was ended, as it printed more than 16 MB"));
  const reading = [output.read(child.stdout), output.read(child.stderr)];
  const code = await child.exited;
  clearTimeout(timer);
  signal.removeEventListener("abort", aborted);
  endGroup(child); // also what it has left in the background, which may keep its output open
  await Promise.race([Promise.all(reading), sleep(SECOND_MS)]);
  output.close();
  const said = output.text === "" ? "" : `; it printed: ${output.text}`;
  if (why !== null) return `${why}${said}`;
  if (child.signalCode !== null) return `it was ended by ${child.signalCode}${said}`;
  return code === 0 ? null : `it exited with ${code}${said}`;
}

function endGroup(child: Child): void {
  try {
    if (isWindows) child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** The end of what a command prints. */
class Output {
  readonly #tooMuch: () => void;
  readonly #readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  #bytes = 0;
  #end = "";

  constructor(tooMuch: () => void) {
    this.#tooMuch = tooMuch;
  }

  get text(): string {
    return this.#end.trim();
  }

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const reader = stream.getReader();
    this.#readers.push(reader);
    const decoder = new TextDecoder();
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const text = decoder.decode(part.value.subarray(-4 * KEPT_CHARACTERS), { stream: true });
        this.#end = (this.#end + text).slice(-KEPT_CHARACTERS);
        this.#bytes += part.value.length;
        if (this.#bytes > MOST_BYTES) return this.#tooMuch(); // one part may be as much
      }
    } catch {
      // its end is of no interest
    }
  }

  close(): void {
    for (const reader of this.#readers) void reader.cancel().catch(() => undefined);
  }
}
