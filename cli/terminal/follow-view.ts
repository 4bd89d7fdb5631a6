/** Shows a task that is followed: its lines one below another and, on a terminal, how far it is in the last line. */
import { printable, printableJson } from "../../src/printable.ts";
import type { Task } from "../../src/task.ts";
import type { TaskProgress } from "../../src/store/task-output.ts";
import { progressWords, shareOf } from "../../src/tasks/progress-words.ts";
import { formatDuration } from "../../src/values/duration.ts";
import type { Followed } from "../command/follow.ts";
import { lineText, skippedText } from "./output.ts";
import { paint, type Style, type Terminal } from "./terminal.ts";
import { cut, formatTimeOfDay } from "./text.ts";

export interface ViewOptions {
  readonly json: boolean;
  readonly terminal: () => Terminal;
  /** @returns false where nothing reads it any more. */
  readonly write: (text: string) => boolean;
  /** Leaves out how the task stands: the command says that otherwise. */
  readonly brief?: boolean;
}

/** Where each line stays, how far a task is gets a new line at most this often. */
const PROGRESS_LINE_MS = 1_000;

const ERASE = "\r\u001b[K";

export class FollowView {
  readonly #options: ViewOptions;
  /** The line at the bottom that is drawn anew. */
  #bar: TaskProgress | null = null;
  #saidAt = -Infinity;

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  /** @returns false where nothing reads it any more. */
  show(id: number, followed: Followed): boolean {
    const { json, write } = this.#options;
    if (json) return write(`${printableJson(dataOf(id, followed))}\n`);
    const terminal = this.#options.terminal();
    if (followed.event === "progress") return this.#progress(followed.progress, terminal);
    if (followed.event === "state" && followed.task.state !== "running") this.#bar = null;
    const text = this.#text(followed, terminal);
    if (text === null) return this.#draw("", terminal);
    return this.#draw(`${text}\n`, terminal);
  }

  /** Erases the line at the bottom. */
  end(): void {
    this.#bar = null;
    if (!this.#options.json) this.#draw("", this.#options.terminal());
  }

  #text(followed: Exclude<Followed, { event: "progress" }>, terminal: Terminal): string | null {
    if (followed.event === "line") {
      return lineText(followed.line, terminal, formatTimeOfDay(terminal.width, followed.line.at));
    }
    if (followed.event === "skipped") return skippedText(followed.skipped, terminal);
    if (followed.event === "unread") {
      return `[cannot read what it says now: ${printable(followed.reason)}]`;
    }
    const { task } = followed;
    if (this.#options.brief === true) return null;
    const now = Date.now();
    const at = task.state === "running" ? task.dequeued_at : task.finished_at;
    return `${formatTimeOfDay(terminal.width, at ?? now)} ${stateWords(task, terminal, now)}`;
  }

  #progress(progress: TaskProgress, terminal: Terminal): boolean {
    if (isRedrawn(terminal)) {
      this.#bar = progress;
      return this.#draw("", terminal);
    }
    const isLast = progress.done === progress.total;
    if (!isLast && performance.now() < this.#saidAt + PROGRESS_LINE_MS) return true;
    this.#saidAt = performance.now();
    const time = formatTimeOfDay(terminal.width, progress.at);
    return this.#options.write(`${time} progress ${printable(progressWords(progress))}\n`);
  }

  /** Writes lines above the bar. */
  #draw(lines: string, terminal: Terminal): boolean {
    if (!isRedrawn(terminal)) return lines === "" || this.#options.write(lines);
    const bar = this.#bar === null ? "" : barText(this.#bar, terminal);
    return this.#options.write(ERASE + lines + bar);
  }
}

function isRedrawn({ width }: Terminal): boolean {
  return width !== null && process.env["TERM"] !== "dumb";
}

const WIDEST_BAR = 30;

/** In a terminal of fewer columns there is no room for the bar beside the words. */
const LEAST_WIDTH = 40;

/** One line that the terminal does not wrap: `[#######-------] 7 of 14, 50 %, page 7`. */
function barText(progress: TaskProgress, terminal: Terminal): string {
  const width = (terminal.width ?? 80) - 1;
  const words = printable(progressWords(progress));
  const share = shareOf(progress);
  if (share === null || width < LEAST_WIDTH) return cut(words, width);
  const size = Math.min(WIDEST_BAR, Math.max(10, width - Bun.stringWidth(words) - 3));
  const full = Math.floor(share * size);
  const bar = paint(terminal, "green", "#".repeat(full)) + "-".repeat(size - full);
  return `[${bar}] ${cut(words, width - size - 3)}`;
}

const STYLES: Partial<Record<Task["state"], Style>> = {
  scheduled: "blue",
  running: "yellow",
  finished: "green",
  failed: "red",
};

const VERBS: Partial<Record<Task["state"], string>> = {
  finished: "has",
  failed: "has",
  cancelled: "was",
};

function stateWords(task: Task, terminal: Terminal, now: number): string {
  const { id, state, reason } = task;
  const style = STYLES[state];
  const word = style === undefined ? state : paint(terminal, style, state);
  const verb = VERBS[state] ?? "is";
  const why = reason === null ? "" : `: ${printable(reason)}`;
  return `task ${id} ${verb} ${word}${moreWords(task, now)}${why}`;
}

function moreWords(task: Task, now: number): string {
  const { state, attempts, scheduled_at: at, dequeued_at: began, finished_at: end } = task;
  if (state === "running" && attempts > 0) return `, run ${attempts + 1}`;
  if (state === "scheduled" && at !== null) {
    return `${attempts > 0 ? " again" : ""} in ${formatDuration(Math.max(at - now, 0))}`;
  }
  if (state === "finished" && began !== null && end !== null) {
    return ` after ${formatDuration(Math.max(end - began, 0))}`;
  }
  return "";
}

function dataOf(id: number, followed: Followed) {
  const { event } = followed;
  if (event === "line") return { event, task: id, attempt: followed.attempt, ...followed.line };
  if (event === "progress") {
    return { event, task: id, attempt: followed.attempt, ...followed.progress };
  }
  if (event === "skipped")
    return { event, task: id, attempt: followed.attempt, ...followed.skipped };
  if (event === "unread") {
    return { event, task: id, attempt: followed.attempt, reason: followed.reason };
  }
  const { state, attempts, scheduled_at, finished_at, result, reason } = followed.task;
  return { event, task: id, state, attempts, scheduled_at, finished_at, result, reason };
}
