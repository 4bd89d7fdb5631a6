/**
 * The clock of recurring tasks: it wakes for the next slot, and has the store decide what becomes of it. Every worker has
 * one; whichever comes first decides, and the others find the slot decided.
 */
import { decide } from "../cron/decide.ts";
import { type CronDefinition, readCron } from "../cron/definition.ts";
import type { CronRow, CronSlot } from "../cron/ledger.ts";
import { LastingNote } from "../log/lasting-note.ts";
import type { Report } from "../log/events.ts";
import type { Store } from "../store/store.ts";
import { MADE_AT } from "../version.ts";

/** It looks this often for what `tq cron` and other workers have changed. */
const LOOK_MS = 5_000;

/** The pause after a look that failed: a full queue has room again, a locked database is free. */
const AFTER_FAILURE_MS = 1_000;

/** It looks this often for the end of a task for which a slot waits. */
const WAITING_MS = 500;

export class CronClock {
  readonly #store: Store;
  readonly #report: Report;
  readonly #failure: LastingNote;
  readonly #wrongClock: LastingNote;
  readonly #unreadable: LastingNote;
  /** The definitions by their texts: reading one anew at each look would take longer than the look. */
  readonly #read = new Map<string, CronDefinition>();
  #timer: Timer | null = null;
  #looking = false;
  #stopped = true;

  constructor(store: Store, report: Report) {
    this.#store = store;
    this.#report = report;
    this.#failure = new LastingNote(report);
    this.#wrongClock = new LastingNote(report);
    this.#unreadable = new LastingNote(report);
  }

  start(): void {
    this.#stopped = false;
    this.look();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Decides the slots that have come, and sets the timer for the next one. Call it after the clock was set, too. */
  look(): void {
    if (this.#stopped || this.#looking) return;
    if (this.#timer) clearTimeout(this.#timer);
    void this.#look();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    let wait = LOOK_MS;
    try {
      wait = this.#isClockSane() ? await this.#decideAll() : LOOK_MS;
      this.#failure.gone();
    } catch (error) {
      this.#failure.say(`Cannot push recurring tasks now: ${messageOf(error)}`);
      wait = AFTER_FAILURE_MS;
    } finally {
      this.#looking = false;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.look(), wait);
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
  async #decideAll(): Promise<number> {
    let wait = LOOK_MS;
    for (const row of await this.#store.cron.rows()) {
      if (row.removedAt !== null) continue;
      const definition = this.#definitionOf(row);
      if (definition === null) continue;
      const now = this.#store.now();
      const next = definition.schedule.next(row.decidedUntil);
      const isDue = (next !== null && next <= now) || row.decidedUntil > now;
      if (isDue || row.waiting !== null) await this.#decide(row.name);
      if (row.waiting !== null) wait = Math.min(wait, WAITING_MS);
      const later = definition.schedule.next(now);
      if (later !== null) wait = Math.min(wait, Math.max(later - this.#store.now(), 0));
    }
    return wait;
  }

  async #decide(name: string): Promise<void> {
    const slots = await this.#store.cron.decide(name, (state, now) => {
      const definition = this.#definitionOf(state.row);
      return definition && state.row.removedAt === null ? decide(definition, state, now) : null;
    });
    for (const slot of slots) this.#say(slot);
  }

  #say({ cron, slot, outcome, reason, task }: CronSlot): void {
    if (outcome === "pushed") this.#report({ name: "cron.pushed", cron, slot, task, reason });
    else if (outcome !== "paused")
      this.#report({ name: "cron.passed", cron, slot, outcome, reason });
  }

  /** The definition in force; null where this tq cannot read it, as a newer one has written it. */
  #definitionOf({ name, definition, override }: CronRow): CronDefinition | null {
    const { pause: _, ...times } = override;
    const text = `${name} ${definition} ${JSON.stringify(times)}`;
    const known = this.#read.get(text);
    if (known !== undefined) return known;
    try {
      const said = { ...(JSON.parse(definition) as object), ...times };
      const read = readCron(name, said, `The recurring task ${name}`);
      this.#read.set(text, read);
      this.#unreadable.gone();
      return read;
    } catch (error) {
      this.#unreadable.say(messageOf(error));
      return null;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
