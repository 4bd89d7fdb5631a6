/**
 * Decides what becomes of the slots that have come. It is pure: the store asks it inside the transaction that pushes the
 * tasks and writes the ledger, so that two workers decide no slot twice, and a kill loses none.
 */
import type { CronDecision, CronState, DecidedSlot, SlotOutcome } from "./ledger.ts";
import type { NewTask } from "../task.ts";
import type { Awake } from "./awake.ts";
import { formatDuration } from "../values/duration.ts";
import type { CronDefinition } from "./definition.ts";
import { pausedWords, pauseEnd, slotTime, spanOf, zoneOf } from "./left-slots.ts";
import { isOwn } from "./own.ts";
import { taskOfSlot } from "./slot-task.ts";
import { newestSlots, type Slots } from "./slots.ts";

/** A slot that passed at most so long ago is on time, unless its grace is shorter. */
const ON_TIME_MS = 60_000;

/** No grace is shorter: a worker may be a moment late. */
const LEAST_GRACE_MS = 1_000;

/** A clock that is this far behind what was decided was ahead before. */
const AHEAD_MS = 600_000;

/** The most slots that get a row each, where fewer may run. */
const MOST_ROWS = 100;

/**
 * @param awake since when the worker that decides has seen the time pass; default: since now
 * @returns null where nothing is to be written.
 */
export function decide(
  definition: CronDefinition,
  state: CronState,
  now: number,
  awake: Awake = { since: now, hasJumped: false },
): CronDecision | null {
  const from = state.row.decidedUntil;
  if (from - now > AHEAD_MS) return { slots: [], decidedUntil: now };
  const resumed = Math.max(from, pauseEnd(state.row.override, now));
  const paused = newestSlots(definition.schedule, from, resumed, MOST_ROWS);
  // One more than may run: its row says that earlier ones were missed.
  const most = Math.max(MOST_ROWS, mostToRun(definition) + 1);
  const passed = newestSlots(definition.schedule, resumed, now, most);
  const decided = new Decider(definition, state, now, awake).decide(paused, passed);
  const last = passed.slots.at(-1) ?? paused.slots.at(-1);
  if (decided.length === 0 && last === undefined) return null;
  return { slots: decided, decidedUntil: last ?? from };
}

/** The most slots that run of those that passed while no worker ran. */
function mostToRun({ missed, catchUp }: CronDefinition): number {
  return missed === "all" ? catchUp : 1;
}

class Decider {
  readonly #definition: CronDefinition;
  readonly #state: CronState;
  readonly #now: number;
  readonly #awake: Awake;
  readonly #decided: DecidedSlot[] = [];
  /** Why the next task cannot be pushed; null: it can. */
  #held: Held | null;
  #waiting: number | null;
  #waitingCount: number;

  constructor(definition: CronDefinition, state: CronState, now: number, awake: Awake) {
    this.#definition = definition;
    this.#state = state;
    this.#now = now;
    this.#awake = awake;
    this.#held = holderOf(state);
    this.#waiting = state.row.waiting;
    this.#waitingCount = state.row.waitingCount;
  }

  decide(paused: Slots, passed: Slots): readonly DecidedSlot[] {
    if (this.#waiting !== null && this.#held === null)
      this.#push(this.#waiting, "it waited for the task before");
    const { pause } = this.#state.row.override;
    if (pause !== undefined) this.#passAll(paused, "paused", () => pausedWords(pause));
    const slots = passed.slots.filter((slot) => this.#isFree(slot));
    const pushed = this.#toPush(slots);
    const missed = slots.slice(0, slots.length - pushed.length);
    this.#passAll({ ...passed, slots: missed }, "missed", (slot) => this.#missedWords(slot));
    for (const slot of pushed) this.#start(slot);
    return this.#decided;
  }

  #isFree(slot: number): boolean {
    return !this.#state.taken.has(slot);
  }

  /** A row for each, of which the first one stands for those that are left out. For tq's own one stands for all. */
  #passAll({ slots, first }: Slots, outcome: SlotOutcome, why: (slot: number) => string): void {
    const free = slots.filter((slot) => this.#isFree(slot));
    const [slot] = free;
    if (slot === undefined) return;
    if (isOwn(this.#definition.name)) {
      const last = free.at(-1) ?? slot;
      this.#addSpan(last, outcome, why(last), first ?? slot);
      return;
    }
    this.#addSpan(slot, outcome, why(slot), first ?? slot);
    for (const one of free.slice(1)) this.#add(one, outcome, why(one));
  }

  #addSpan(slot: number, outcome: SlotOutcome, why: string, firstSlot: number): void {
    const zone = zoneOf(this.#definition.timeZone, this.#state.row);
    this.#decided.push(spanOf(slot, outcome, why, firstSlot, zone));
  }

  /** The slots among these whose tasks should run. */
  #toPush(slots: readonly number[]): readonly number[] {
    const { missed, catchUp } = this.#definition;
    const inGrace = slots.filter((slot) => this.#now - slot <= this.#grace);
    switch (missed) {
      case "skip":
        return inGrace.slice(-1).filter((slot) => this.#isOnTime(slot) || this.#isHeldUp(slot));
      case "once":
        return inGrace.slice(-1);
      case "all":
        return inGrace.slice(-catchUp);
    }
  }

  get #grace(): number {
    const { grace } = this.#definition;
    return grace === null ? Infinity : Math.max(grace, LEAST_GRACE_MS);
  }

  #isOnTime(slot: number): boolean {
    return this.#now - slot <= Math.min(ON_TIME_MS, this.#grace);
  }

  /** True for a slot that a worker with the definition saw come, and could not decide then. */
  #isHeldUp(slot: number): boolean {
    return slot > this.#awake.since && slot > this.#state.row.heldSince;
  }

  #start(slot: number): void {
    const { overlap } = this.#definition;
    if (this.#held === null || overlap === "allow") this.#push(slot, this.#lateWords(slot));
    else if (overlap === "skip") this.#add(slot, "skipped", this.#held.words);
    else if (this.#waitingCount >= mostToRun(this.#definition))
      this.#add(slot, "skipped", this.#fullWords(this.#held));
    else {
      this.#waiting ??= slot;
      this.#waitingCount++;
      this.#add(slot, "waiting", this.#held.words);
    }
  }

  #fullWords({ until }: Held): string {
    const slot =
      this.#waiting === null ? "another slot" : `the slot of ${this.#timeOf(this.#waiting)}`;
    const wait = this.#waitingCount > 1 ? `${this.#waitingCount} slots wait` : `${slot} waits`;
    return `${wait} already for the end of ${until}`;
  }

  /** By the clock that the schedule follows. */
  #timeOf(slot: number): string {
    return slotTime(slot, zoneOf(this.#definition.timeZone, this.#state.row));
  }

  #push(slot: number, reason: string | null): void {
    if (isOwn(this.#definition.name)) this.#add(slot, "started", null);
    else this.#decided.push({ slot, outcome: "pushed", reason, task: this.#taskOf(slot) });
    this.#held = held("the task of the slot before");
    if (this.#waiting !== slot) return;
    this.#waiting = null;
    this.#waitingCount--;
  }

  #add(slot: number, outcome: SlotOutcome, reason: string | null): void {
    this.#decided.push({ slot, outcome, reason, task: null });
  }

  #taskOf(slot: number): NewTask {
    const later = Math.floor(this.#state.share * this.#definition.jitter);
    // A slot that waited lies ahead where the clock was set back meanwhile; its turn has come all the same.
    const from = this.#isOnTime(slot) ? Math.min(slot, this.#now) : this.#now;
    return taskOfSlot(this.#definition, slot, from + later, this.#now);
  }

  #lateWords(slot: number): string | null {
    if (this.#isOnTime(slot)) return null;
    return `${formatDuration(this.#now - slot)} late: ${this.#whyLate(slot)}`;
  }

  #whyLate(slot: number): string {
    if (this.#isHeldUp(slot)) return "a worker ran then, but was held up";
    if (slot > this.#awake.since) return "no worker had its definition then";
    if (this.#awake.hasJumped) return "the machine slept then, or its clock was set forward";
    return "no worker ran then";
  }

  #missedWords(slot: number): string {
    const { missed, grace, catchUp } = this.#definition;
    const late = formatDuration(this.#now - slot);
    const say = (words: string) => `${this.#whyLate(slot)}; ${words}`;
    if (grace !== null && this.#now - slot > this.#grace) {
      return say(`${late} is more than its grace of ${formatDuration(grace)}`);
    }
    if (missed === "all") return say(`only the last ${catchUp} slots are caught up`);
    if (missed === "once" || this.#isHeldUp(slot)) return say("only the last such slot may run");
    return say(`it was noticed ${late} later`);
  }
}

interface Held {
  readonly until: string;
  readonly words: string;
}

function holderOf({ unfinished, working }: CronState): Held | null {
  if (unfinished !== null) return held(`task ${unfinished}`);
  if (working === null) return null;
  const words = `worker ${working} has not ended the one before`;
  return { until: `what worker ${working} does`, words };
}

function held(until: string): Held {
  return { until, words: `${until} has not ended` };
}
