/**
 * The clock of recurring tasks: it wakes for the next slot, and has the store decide what becomes of it. Every worker has
 * one; whichever comes first decides, and the others find the slot decided.
 */
import os from "node:os";
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { type Awake, AwakeClock } from "../cron/awake.ts";
import { decide } from "../cron/decide.ts";
import type { CronDefinition } from "../cron/definition.ts";
import { definitionOf, editedKeys } from "../cron/in-force.ts";
import { BACK_MS, endOfRemoved } from "../cron/left-slots.ts";
import type { CronDecision, CronRow, CronSlot, CronState } from "../cron/ledger.ts";
import { isOwn } from "../cron/own.ts";
import { LastingNote } from "../log/lasting-note.ts";
import type { Report } from "../log/events.ts";
import type { CronVersion } from "../store/cron-store.ts";
import type { Store } from "../store/store.ts";
import { SECOND_MS } from "../values/duration.ts";
import { MADE_AT } from "../version.ts";
import { saySlots } from "./cron-said.ts";
import type { CronSources } from "./cron-sources.ts";
import type { OwnWork } from "./own-work.ts";
import { OwnWorks } from "./own-works.ts";

/** It looks this often, at the most, for what `tq cron` and other workers have changed. */
const LOOK_MS = 1_000;

/** Without a slot it looks this often: a timer counts up to 24 days. */
const LONGEST_WAIT_MS = 3_600_000;

/** It looks this often whether the clock is right again. */
const WRONG_CLOCK_MS = 5_000;

/** tq's own tasks wait for the end of a start, and for a clock that a server sets right. */
const OWN_AFTER_MS = 60_000;

/** A worker that drains cleans for so long, and leaves the rest to the one of the next slot. */
const DRAIN_CLEANS_MS = 10_000;

/** The pause after a look that failed: a full queue has room again, a locked database is free. */
const AFTER_FAILURE_MS = 1_000;

/** It looks this often for the end of a task for which a slot waits. */
const WAITING_MS = 500;

/** The parts of a worker's clock; without a worker nothing is read from files, and nothing of tq's own is done. */
export interface CronClockParts {
  /** The worker's id. */
  readonly id: string;
  readonly sources: CronSources;
  /** The work of tq's own recurring tasks that this worker does, by their names. */
  readonly own: ReadonlyMap<string, OwnWork>;
}

export class CronClock {
  readonly #store: Store;
  readonly #report: Report;
  readonly #parts: CronClockParts | null;
  readonly #failure: LastingNote;
  readonly #wrongClock: LastingNote;
  readonly #unreadable: LastingNote;
  /** The definitions by their texts: reading one anew at each look would take longer than the look. */
  readonly #read = new Map<string, CronDefinition>();
  #timer: Timer | null = null;
  #checking: Timer | null = null;
  #looking = false;
  #stopped = true;
  /** That of the recurring tasks at the last look; -1: none. */
  #version: CronVersion = -1;
  #startedAt = 0;
  #awakeClock: AwakeClock | null = null;
  #lookedAt = 0;
  /** A commit came while it looked. */
  #again = false;
  readonly #firstLook = Promise.withResolvers<void>();
  #hasLooked = false;
  readonly #own: OwnWorks;
  /** Does what is due of tq's own, in a worker that ends before it would come to that. */
  #ownDone: Promise<void> | null = null;

  constructor(store: Store, report: Report, parts: CronClockParts | null = null) {
    this.#store = store;
    this.#report = report;
    this.#parts = parts;
    this.#own = new OwnWorks(store, report, parts?.own ?? new Map<string, OwnWork>());
    this.#failure = new LastingNote(report);
    this.#wrongClock = new LastingNote(report);
    this.#unreadable = new LastingNote(report);
  }

  start(): void {
    this.#stopped = false;
    this.#startedAt = monotonicNow();
    this.#awakeClock = new AwakeClock(this.#store.now(), this.#startedAt);
    this.look();
  }

  stop(): void {
    this.#stopped = true;
    this.#firstLook.resolve();
    this.#own.stop();
    this.#clearTimers();
  }

  /**
   * For a worker that drains: waits for the end of its first look, and then does what is due of tq's own.
   *
   * @returns true where that was not over yet: it may have pushed tasks, and others may have come
   */
  async catchUp(): Promise<boolean> {
    if (this.#hasLooked && this.#isOwnDone) return false;
    await this.#firstLook.promise;
    await (this.#ownDone ??= this.#doOwn());
    return !this.#stopped;
  }

  get #isOwnDone(): boolean {
    return this.#ownDone !== null && Bun.peek.status(this.#ownDone) !== "pending";
  }

  /** The worker itself has only just started, and its machine long ago. */
  async #doOwn(): Promise<void> {
    if (this.#stopped || os.uptime() * SECOND_MS < OWN_AFTER_MS) return;
    this.#startedAt = -Infinity;
    const limit = setTimeout(() => this.#own.cutCleaning(), DRAIN_CLEANS_MS);
    try {
      if (this.#isClockSane()) await this.#decideAll();
      await this.#own.ended();
    } catch (error) {
      this.#sayFailure(error);
    } finally {
      clearTimeout(limit);
    }
  }

  #sayFailure(error: unknown): void {
    if (!this.#stopped) this.#failure.say(`Cannot push recurring tasks now: ${messageOf(error)}`);
  }

  #clearTimers(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#checking) clearTimeout(this.#checking);
    this.#checking = null;
  }

  /** Looks where recurring tasks or tq.toml have changed. Call it now and then, and after a commit: it mostly does nothing. */
  check(): void {
    this.#again = this.#looking;
    if (this.#stopped || this.#looking) return;
    const now = monotonicNow();
    // Both clocks run at speeds of their own: over an hour that would look like a jump.
    this.#awakeClock?.look(this.#store.now(), now);
    const rest = this.#lookedAt + LOOK_MS - now;
    if (rest <= 0) void this.#lookIfChanged();
    else this.#checking ??= setTimeout(() => void this.#lookIfChanged(), rest);
  }

  async #lookIfChanged(): Promise<void> {
    if (this.#checking) clearTimeout(this.#checking);
    this.#checking = null;
    this.#lookedAt = monotonicNow();
    const version = await this.#store.cron.version().catch(() => -1);
    if (version !== this.#version || this.#parts?.sources.isWaiting) this.look();
  }

  /** Decides the slots that have come, and sets the timer for the next one. Call it after the clock was set, too. */
  look(): void {
    if (this.#stopped || this.#looking) return;
    this.#clearTimers();
    void this.#look();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#lookedAt = monotonicNow();
    let wait = WRONG_CLOCK_MS;
    try {
      const awake = this.#awakeClock?.look(this.#store.now(), this.#lookedAt);
      this.#version = await this.#store.cron.version();
      if (this.#isClockSane()) {
        // A slot that has come is decided before a change takes its recurring task away.
        if (this.#parts?.sources.isWaiting) await this.#decideAll(awake);
        await this.#parts?.sources.look();
        wait = await this.#decideAll(awake);
        // A file that was changed is read once nobody writes to it any more; an idle worker ticks seldom.
        if (this.#parts?.sources.isWaiting) wait = Math.min(wait, LOOK_MS);
      }
      this.#failure.gone();
    } catch (error) {
      this.#sayFailure(error);
      wait = AFTER_FAILURE_MS;
    } finally {
      this.#looking = false;
      this.#hasLooked = true;
      this.#firstLook.resolve();
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.look(), wait);
    if (this.#again) this.check();
  }

  #isClockSane(): boolean {
    const now = this.#store.now();
    if (now >= MADE_AT) {
      this.#wrongClock.gone();
      return true;
    }
    const clock = new Date(now).toISOString();
    this.#wrongClock.say(
      `Recurring tasks wait until the clock is right: it says ${clock}, which is before this tq was made`,
    );
    return false;
  }

  /** @returns the ms until the next look. */
  async #decideAll(awake?: Awake): Promise<number> {
    let wait = LONGEST_WAIT_MS;
    for (const row of await this.#store.cron.rows()) {
      if (row.removedAt !== null) wait = Math.min(wait, await this.#endRemoved(row));
      const definition = row.held && row.removedAt === null ? this.#definitionOf(row) : null;
      if (definition === null) continue;
      wait = Math.min(wait, await this.#decideRow(row, definition, awake));
    }
    return wait;
  }

  /** @returns the ms until it is to be looked at again: one that was taken away may come back within a while. */
  async #endRemoved({ name, removedAt, decidedUntil, waiting }: CronRow): Promise<number> {
    if (removedAt === null || (decidedUntil >= removedAt && waiting === null))
      return LONGEST_WAIT_MS;
    const rest = removedAt + BACK_MS + 1 - this.#store.now();
    if (rest > 0) return rest;
    saySlots(this.#report, await this.#store.cron.decide(name, endOfRemoved));
    return LONGEST_WAIT_MS;
  }

  /** @returns the ms until it is to be looked at again. */
  async #decideRow(row: CronRow, { schedule }: CronDefinition, awake?: Awake): Promise<number> {
    if (isOwn(row.name) && !this.#own.has(row.name)) return LONGEST_WAIT_MS;
    const rest = isOwn(row.name) && row.waiting === null ? this.#untilOwn() : 0;
    if (rest > 0) return rest;
    const now = this.#store.now();
    const next = schedule.next(row.decidedUntil);
    const isDue = (next !== null && next <= now) || row.decidedUntil > now;
    const decided = isDue || row.waiting !== null ? await this.#decide(row.name, awake) : [];
    const isWaiting = row.waiting !== null || decided.some(({ outcome }) => outcome === "waiting");
    const later = schedule.next(now);
    const wait = later === null ? LONGEST_WAIT_MS : Math.max(later - this.#store.now(), 0);
    return isWaiting ? Math.min(wait, WAITING_MS) : wait;
  }

  #untilOwn(): number {
    return Math.max(this.#startedAt + OWN_AFTER_MS - monotonicNow(), 0);
  }

  async #decide(name: string, awake?: Awake): Promise<readonly CronSlot[]> {
    let later = 0;
    const decideNow = (state: CronState, now: number): CronDecision | null => {
      const definition = this.#definitionOf(state.row);
      if (definition === null || state.row.removedAt !== null) return null;
      later = state.share * definition.jitter;
      return decide(definition, this.#withoutOwn(state), now, awake);
    };
    const worker = this.#parts?.id;
    const slots = await this.#store.cron.decide(name, decideNow, worker ? { worker } : {});
    for (const slot of slots) if (slot.outcome === "started") this.#own.begin(slot, later);
    if (!isOwn(name)) saySlots(this.#report, slots);
    return slots;
  }

  /** Work that this worker has started and does not do any more has ended: only the store has not heard of it. */
  #withoutOwn(state: CronState): CronState {
    const isMine = state.working !== null && state.working === this.#parts?.id;
    return isMine && !this.#own.isBusy(state.row.name) ? { ...state, working: null } : state;
  }

  /** The definition in force; null where this tq cannot read it, as a newer one has written it. */
  #definitionOf(row: CronRow): CronDefinition | null {
    const { name, definition, override, former, zone } = row;
    const text = `${name} ${definition} ${JSON.stringify([editedKeys(override), former, zone])}`;
    const known = this.#read.get(text);
    if (known !== undefined) return known;
    try {
      const read = definitionOf(row);
      this.#read.set(text, read);
      this.#unreadable.gone();
      return read;
    } catch (error) {
      this.#unreadable.say(messageOf(error));
      return null;
    }
  }
}
