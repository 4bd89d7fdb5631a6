/** Recurring tasks. */
import {
  type CronChanges,
  type CronDecision,
  type CronOverride,
  type CronRow,
  type CronSlot,
  type CronSource,
  type CronState,
  type CronText,
  kindOf,
  type OriginKind,
  type PastSlot,
  type SlotOutcome,
} from "../../cron/ledger.ts";
import type { Soon } from "../../soon.ts";
import type { CronStore, CronVersion, DecideOptions } from "../cron-store.ts";
import type { PushKey } from "../push-keys.ts";
import type { Access } from "./access.ts";

/** As a person changes a recurring task. */
export type CronChange = (row: CronRow, now: number) => CronOverride;

/** Those that write lock what they write first, where others can write at the same time: a slot is decided once. */
export interface CronStatements<Db> {
  cronRows(db: Db): Soon<CronRow[]>;
  cronSlots(db: Db, name: string, limit: number): Soon<PastSlot[]>;
  defineCrons(db: Db, sources: readonly CronSource[], now: number): Soon<CronChanges>;
  settledZone(db: Db, worker: string, zone: string): Soon<string | null>;
  useZone(db: Db, worker: string, zone: string, now: number): Soon<string>;
  /** It stays so to the end of the transaction. */
  lockedState(db: Db, name: string): Soon<CronState | null>;
  findPushed(db: Db, key: PushKey): Soon<number[] | null>;
  keepKey(db: Db, key: PushKey, ids: readonly number[], now: number): Soon<void>;
  recordDecision(
    db: Db,
    name: string,
    decision: CronDecision,
    ids: readonly number[],
    now: number,
    worker: string | null,
  ): Soon<CronSlot[]>;
  endSlot(db: Db, name: string, slot: number, outcome: SlotOutcome, reason: string): Soon<void>;
  addCron(
    db: Db,
    origin: string,
    definition: CronText,
    kind: OriginKind,
    now: number,
  ): Soon<CronRow>;
  overrideCron(db: Db, name: string, change: CronChange, now: number): Soon<CronRow>;
  deleteCron(db: Db, name: string): Soon<void>;
}

export class Crons<Db> implements CronStore {
  readonly #access: Access<Db>;
  readonly #statements: CronStatements<Db>;
  readonly version: () => Promise<CronVersion>;

  constructor(
    access: Access<Db>,
    statements: CronStatements<Db>,
    version: () => Promise<CronVersion>,
  ) {
    this.#access = access;
    this.#statements = statements;
    this.version = version;
  }

  rows(): Promise<CronRow[]> {
    return this.#access.brief((db) => this.#statements.cronRows(db));
  }

  slots(name: string, limit: number): Promise<PastSlot[]> {
    return this.#access.read((db) => this.#statements.cronSlots(db, name, limit));
  }

  define(...sources: readonly CronSource[]): Promise<CronChanges> {
    return this.#access.write((db, now) => this.#statements.defineCrons(db, sources, now));
  }

  async followZone(worker: string, zone: string): Promise<string> {
    const settled = await this.#access.brief((db) =>
      this.#statements.settledZone(db, worker, zone),
    );
    if (settled !== null) return settled;
    return this.#access.write((db, now) => this.#statements.useZone(db, worker, zone, now));
  }

  decide(
    name: string,
    decide: (state: CronState, now: number) => CronDecision | null,
    { worker, key }: DecideOptions = {},
  ): Promise<CronSlot[]> {
    const statements = this.#statements;
    return this.#access.inSession(async (session) => {
      const now = this.#access.now();
      const state = await session.runStatements((db) => statements.lockedState(db, name));
      if (key !== undefined) {
        if ((await session.runStatements((db) => statements.findPushed(db, key))) !== null)
          return [];
      }
      const decision = state && decide(state, now);
      if (decision === null) return [];
      const tasks = decision.slots.flatMap(({ task }) => task ?? []);
      const ids = tasks.length === 0 ? [] : await session.push(tasks);
      if (key !== undefined) {
        await session.runStatements((db) => statements.keepKey(db, key, ids, now));
      }
      return session.runStatements((db) =>
        statements.recordDecision(db, name, decision, ids, now, worker ?? null),
      );
    });
  }

  end(name: string, slot: number, outcome: SlotOutcome, reason: string): Promise<void> {
    return this.#access.write((db) => this.#statements.endSlot(db, name, slot, outcome, reason));
  }

  add(origin: string, definition: CronText, kind = kindOf({ origin })): Promise<CronRow> {
    return this.#access.write((db, now) =>
      this.#statements.addCron(db, origin, definition, kind, now),
    );
  }

  override(name: string, change: CronChange): Promise<CronRow> {
    return this.#access.write((db, now) => this.#statements.overrideCron(db, name, change, now));
  }

  remove(name: string): Promise<void> {
    return this.#access.write((db) => this.#statements.deleteCron(db, name));
  }
}
