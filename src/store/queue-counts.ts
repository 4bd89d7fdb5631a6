/** The counts of queues, as every database makes them: some are of now, some were kept, some are the least. */
import { COUNTED_STATES, type CountedState, type QueueInfo } from "./looking.ts";

/** Tasks that are counted together: those of one partial index. `line` are the ready ones that a claim takes in order. */
export const PARTS = ["line", "beside", "scheduled", "failed"] as const;

export type Part = (typeof PARTS)[number];

export const STATE: Readonly<Record<Exclude<Part, "line">, CountedState>> = {
  beside: "ready",
  scheduled: "scheduled",
  failed: "failed",
};

/** Ready tasks of one queue are counted up to this number. */
export const MOST_OF_QUEUE = 50_000;

/** All others are counted up to this number, of all queues together: each is read from a place of its own. */
export const MOST_OF_PART = 5_000;

export interface KeptCount {
  readonly tasks: number;
  /** In ms since 1970 UTC. */
  readonly counted_at: number;
}

export interface Recount {
  readonly part: Part;
  /** By queue; empty: it has few enough to be counted when someone asks. */
  readonly counts: ReadonlyMap<string, number>;
  /** When the count began. */
  readonly at: number;
}

/** Those with the fewest tasks are not kept: a program that makes a queue for each customer must not fill the table. */
const MOST_QUEUES = 5_000;

/** The counts that are kept, the largest first. */
export function largestOf({ counts }: Recount): [queue: string, tasks: number][] {
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_QUEUES);
}

/** True where counts differ from those before. */
export function differs(
  counts: readonly (readonly [queue: string, tasks: number])[],
  before: ReadonlyMap<string, KeptCount>,
): boolean {
  return (
    counts.length !== before.size ||
    counts.some(([queue, tasks]) => before.get(queue)?.tasks !== tasks)
  );
}

/** The counts so far, and how exact they are. */
export class QueueCounts {
  readonly #counts = new Map<string, QueueCount>();
  /** Those of all queues. */
  readonly #least = new Set<CountedState>();
  readonly #about = new Map<CountedState, number>();

  #of(queue: string): QueueCount {
    let count = this.#counts.get(queue);
    if (!count) this.#counts.set(queue, (count = { ...NONE, isLeast: false, readyAt: null }));
    return count;
  }

  add(queue: string, state: CountedState, tasks: number): void {
    this.#of(queue)[state] += tasks;
  }

  /** @param least there are more in this queue. @param kept how many there were. */
  addMany(queue: string, state: "ready", least: number, kept: KeptCount | undefined): void {
    const count = this.#of(queue);
    count[state] += Math.max(least, kept?.tasks ?? 0);
    if (kept !== undefined && kept.tasks > least) count.readyAt = kept.counted_at;
    else count.isLeast = true;
  }

  isLeast(state: CountedState): void {
    this.#least.add(state);
  }

  isAbout(state: CountedState, at: number): void {
    this.#about.set(state, at);
  }

  sorted(): QueueInfo[] {
    const queues = Array.from(this.#counts, ([queue, { isLeast, readyAt, ...numbers }]) => {
      const about = new Map(this.#about);
      if (readyAt !== null) about.set("ready", Math.min(readyAt, about.get("ready") ?? readyAt));
      const least = COUNTED_STATES.filter(
        (state) => this.#least.has(state) || (state === "ready" && isLeast),
      );
      return {
        queue,
        ...numbers,
        ...(least.length > 0 && { at_least: true as const, least }),
        ...(about.size > 0 && { about: Object.fromEntries(about) }),
      };
    });
    return queues.sort((a, b) => Buffer.compare(Buffer.from(a.queue), Buffer.from(b.queue)));
  }
}

const NONE = { scheduled: 0, ready: 0, running: 0, failed: 0 };

interface QueueCount extends Record<CountedState, number> {
  /** True: it has more ready tasks. */
  isLeast: boolean;
  /** When its ready tasks were counted; null: now. */
  readyAt: number | null;
}
