/** Keeps what the present run of a thread says, and shows it to other processes meanwhile. */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import type { Level } from "../log/events.ts";
import type { Progress } from "../shared-memory/progress.ts";
import { KeptLines, linesOf } from "../store/kept-lines.ts";
import { type LiveOutput, outputLine, type TaskProgress } from "../store/task-output.ts";
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

/** Other processes see what a run says at once; of a run that says very much, after this time. */
const SHOWN_AFTER_MS = 100;

/** A run may say so much in that time, and each line is shown at once: what is not shown is lost with its process. */
const MOST_AT_ONCE = 100;

/** So many characters are shown at once in any case. */
const MOST_UNSHOWN = 16_384;

/** A look at how far a run is reads the last 16,384 bytes alone, and a character has 3 at most. */
const MOST_BEHIND = 4_000;

/** After so many characters the live output is written anew, with the lines that are kept. */
const MOST_ADDED = 800_000;

type LeftBehind = RunHost["leftBehind"];

interface Saying {
  readonly task: RunningTask;
  readonly lines: KeptLines;
  progress: TaskProgress | null;
  /** The lines that are not shown yet. */
  unshown: string;
  /** The characters that were added to the live output, or will be; infinite: it is to be written anew. */
  added: number;
  /** Since when `shows` counts: monotonic, ms. */
  since: number;
  shows: number;
  /** The characters that were shown after the last progress; infinite: that is not shown yet. */
  behind: number;
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

  /** Without its colours: they could part a secret, and would be written out. */
  say(task: RunningTask, level: Level, text: string): void {
    const plain = Bun.stripANSI(text);
    this.keep(task, level, plain);
    this.#print?.(task, level, plain);
  }

  keep(task: RunningTask, level: Level, text: string): void {
    if (!this.#keeps || task.isOver) return;
    const saying = this.#of(task);
    const { lines, cut } = linesOf(Bun.stripANSI(text));
    if (cut.lines > 0) {
      saying.lines.skip(cut);
      saying.added = Infinity;
    }
    for (const line of lines) {
      const stored = saying.lines.add({ at: this.#clock.now(), level, text: line });
      if (this.#live !== null) addUnshown(saying, stored);
    }
    this.#show(saying);
  }

  progressed(task: RunningTask, progress: Omit<TaskProgress, "at">): void {
    if (task.isOver) return;
    const saying = this.#of(task);
    saying.progress = { at: this.#clock.now(), ...progress };
    saying.behind = Infinity;
    this.#show(saying);
  }

  /** Takes the text of this claim's run, to be kept with it; null: it has said nothing. The next run begins anew. */
  take({ id }: Pick<Claim, "id">): string | null {
    const saying = this.#saying;
    if (saying?.task.id !== id) return null;
    this.#saying = null;
    if (saying.timer) clearTimeout(saying.timer);
    return saying.lines.text(saying.progress);
  }

  #of(task: RunningTask): Saying {
    const present = this.#saying;
    if (present?.task === task) return present;
    if (present?.timer) clearTimeout(present.timer);
    // A run that is tried again goes on with what its first try has said: in place, or with another claim.
    const isAgain = present?.task.id === task.id && present.task.attempt === task.attempt;
    const isInPlace = isAgain && present.task.claimed.claim === task.claimed.claim;
    if (!isInPlace) this.#live?.begin(task.claimed);
    if (isAgain) {
      const added = isInPlace ? present.added : Infinity;
      return (this.#saying = { ...present, added, task, timer: null });
    }
    const none = {
      progress: null,
      unshown: "",
      added: 0,
      since: 0,
      shows: 0,
      behind: Infinity,
      timer: null,
    };
    return (this.#saying = { task, lines: new KeptLines(), ...none });
  }

  #show(saying: Saying): void {
    if (this.#live === null) return;
    const now = monotonicNow();
    if (now - saying.since >= SHOWN_AFTER_MS) {
      saying.since = now;
      saying.shows = 0;
    }
    // In a loop that never waits the timer does not fire.
    if (saying.shows < MOST_AT_ONCE || saying.unshown.length > MOST_UNSHOWN) {
      return this.#showNow(saying);
    }
    if (saying.timer) return;
    const wait = saying.since + SHOWN_AFTER_MS - now;
    saying.timer = setTimeout(() => this.#showNow(saying), wait);
    saying.timer.unref();
  }

  #showNow(saying: Saying): void {
    if (saying.timer) clearTimeout(saying.timer);
    saying.timer = null;
    saying.shows += 1;
    saying.behind += saying.unshown.length;
    if (saying.progress !== null && saying.behind > MOST_BEHIND) {
      addUnshown(saying, outputLine(saying.progress));
      saying.behind = 0;
    }
    const isWhole =
      saying.added > MOST_ADDED
        ? this.#live?.replace(saying.lines.text(saying.progress))
        : this.#live?.append(saying.unshown);
    if (isWhole === false) saying.added = saying.behind = Infinity;
    else if (saying.added > MOST_ADDED) saying.added = 0;
    saying.unshown = "";
  }
}

function addUnshown(saying: Saying, text: string): void {
  saying.added += text.length;
  saying.unshown = saying.added > MOST_ADDED ? "" : saying.unshown + text;
}
