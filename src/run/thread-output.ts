/** Keeps what the present run of a thread says, and shows it to other processes meanwhile. */
import type { Level } from "../log/events.ts";
import type { Progress } from "../shared-memory/progress.ts";
import {
  type LiveOutput,
  MOST_CHARACTERS,
  outputLine,
  type TaskProgress,
} from "../store/task-output.ts";
import type { Store } from "../store/store.ts";
import type { Claim } from "../task.ts";
import type { LateWork, RunHost, RunningTask } from "../transaction/current-task.ts";

/** Prints what a task says. */
export type PrintSaid = (task: RunningTask, level: Level, text: string) => void;

export interface OutputOptions {
  /** False: what the runs say is not kept, nor shown; how far they are is. */
  readonly keep?: boolean;
  /** Left out: only the console prints. */
  readonly print?: PrintSaid;
  /** Hears of work that a task has left behind. */
  readonly leftBehind?: LeftBehind;
}

/** The most characters of one line. */
const LONGEST_LINE = 10_000;

/** Other processes see what a run says after this time at the latest. */
const SHOWN_AFTER_MS = 100;

/** A live output is written anew once it has so many characters that are not kept. */
const MOST_STALE = 2 * MOST_CHARACTERS;

type LeftBehind = RunHost["leftBehind"];

interface Saying {
  readonly task: RunningTask;
  lines: string[];
  size: number;
  cut: number;
  progress: TaskProgress | null;
  /** The lines that are not shown yet. */
  unshown: string;
  shownAt: number;
  stale: number;
  timer: Timer | null;
}

export class ThreadOutput implements RunHost {
  readonly #progress: Pick<Progress, "signalTaken">;
  readonly #clock: Pick<Store, "now">;
  readonly #live: LiveOutput | null;
  readonly #keeps: boolean;
  readonly #print: PrintSaid | undefined;
  readonly #leftBehind: LeftBehind;
  #saying: Saying | null = null;

  /** @param live null where no other process looks. */
  constructor(
    progress: Pick<Progress, "signalTaken">,
    clock: Pick<Store, "now">,
    live: LiveOutput | null,
    { keep = true, print, leftBehind = () => {} }: OutputOptions = {},
  ) {
    this.#progress = progress;
    this.#clock = clock;
    this.#live = live;
    this.#keeps = keep;
    this.#print = print;
    this.#leftBehind = leftBehind;
  }

  leftBehind(task: RunningTask, late: LateWork): void {
    this.#leftBehind(task, late);
  }

  signalTaken(): void {
    this.#progress.signalTaken();
  }

  say(task: RunningTask, level: Level, text: string): void {
    this.keep(task, level, text);
    this.#print?.(task, level, text);
  }

  keep(task: RunningTask, level: Level, text: string): void {
    if (!this.#keeps) return;
    const saying = this.#of(task);
    // Lines of a text that is longer than what is kept would only be made to be dropped.
    const over = Math.max(text.length - MOST_CHARACTERS, 0);
    saying.cut += over;
    saying.stale += over;
    const said = Bun.stripANSI(over > 0 ? text.slice(over) : text);
    for (const line of said.replace(/\n$/, "").split("\n")) {
      const cut = line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
      this.#keep(saying, outputLine({ at: this.#clock.now(), level, text: cut.toWellFormed() }));
    }
    this.#show(saying);
  }

  progressed(task: RunningTask, progress: Omit<TaskProgress, "at">): void {
    const saying = this.#of(task);
    saying.progress = { at: this.#clock.now(), ...progress };
    this.#show(saying);
  }

  /** Takes the text of this claim's run, to be kept with it; null: it has said nothing. The next run begins anew. */
  take({ id }: Pick<Claim, "id">): string | null {
    const saying = this.#saying;
    if (saying?.task.id !== id) return null;
    this.#saying = null;
    if (saying.timer) clearTimeout(saying.timer);
    return textOf(saying);
  }

  #of(task: RunningTask): Saying {
    const present = this.#saying;
    if (present?.task === task) return present;
    if (present?.timer) clearTimeout(present.timer);
    // A run that is tried again in place goes on with what its first try has said.
    const isAgain = present?.task.id === task.id && present.task.attempt === task.attempt;
    if (!isAgain) this.#live?.begin(task.id, task.attempt);
    const none = { lines: [], size: 0, cut: 0, progress: null, unshown: "", shownAt: -Infinity };
    return (this.#saying = { ...none, stale: 0, timer: null, ...(isAgain && present), task });
  }

  #keep(saying: Saying, line: string): void {
    saying.lines.push(line);
    saying.size += line.length;
    saying.unshown += line;
    if (saying.size <= MOST_CHARACTERS) return;
    // Half of them go at once: to drop one at each new line would move all the others each time.
    let [dropped, characters] = [0, 0];
    while (saying.size - characters > MOST_CHARACTERS / 2) {
      characters += saying.lines[dropped++]?.length ?? 0;
    }
    saying.lines = saying.lines.slice(dropped);
    saying.size -= characters;
    saying.cut += characters;
    saying.stale += characters;
  }

  #show(saying: Saying): void {
    if (this.#live === null) return;
    const wait = saying.shownAt + SHOWN_AFTER_MS - performance.now();
    // In a loop that never waits the timer does not fire.
    if (wait <= 0) return this.#showNow(saying);
    if (saying.timer) return;
    saying.timer = setTimeout(() => this.#showNow(saying), wait);
    saying.timer.unref();
  }

  #showNow(saying: Saying): void {
    if (saying.timer) clearTimeout(saying.timer);
    saying.timer = null;
    saying.shownAt = performance.now();
    if (saying.stale > MOST_STALE) {
      saying.stale = 0;
      this.#live?.replace(textOf(saying));
    } else {
      const progress = saying.progress === null ? "" : outputLine(saying.progress);
      saying.stale += progress.length; // the next one takes its place
      this.#live?.append(saying.unshown + progress);
    }
    saying.unshown = "";
  }
}

function textOf({ lines, cut, progress }: Saying): string {
  const head = cut === 0 ? "" : outputLine({ cut });
  return head + lines.join("") + (progress === null ? "" : outputLine(progress));
}
