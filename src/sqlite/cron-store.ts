/** Recurring tasks on SQLite. */
import type { Database } from "bun:sqlite";
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
  type PastSlot,
  type SlotOutcome,
} from "../cron/ledger.ts";
import { takenWords, unknownCronWords, unremovableWords } from "../cron/origin.ts";
import { TqError } from "../errors.ts";
import type { CronStore, DecideOptions } from "../store/cron-store.ts";
import type { Access } from "./access.ts";
import { addCron, defineCrons } from "./sql/cron-definitions.ts";
import { cronRow, cronRows, cronState } from "./sql/cron-rows.ts";
import { cronSlots, endSlot, recordDecision } from "./sql/cron-slots.ts";
import { deleteCron, overrideCron } from "./sql/cron.ts";
import { findPushed, keepKey } from "./sql/push-keys.ts";
import { settledZone, useZone } from "./sql/cron-zone.ts";

export class SqliteCron implements CronStore {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  /** That of the database: to read it takes no statement. */
  version(): Promise<number> {
    return this.#access.version();
  }

  rows(): Promise<CronRow[]> {
    return this.#access.read(cronRows);
  }

  slots(name: string, limit: number): Promise<PastSlot[]> {
    return this.#access.read((db) => cronSlots(db, name, limit));
  }

  define(...sources: readonly CronSource[]): Promise<CronChanges> {
    return this.#write((db, now) => defineCrons(db, sources, now));
  }

  async followZone(worker: string, zone: string): Promise<string> {
    const settled = await this.#access.read((db) => settledZone(db, worker, zone));
    return settled ?? this.#write((db, now) => useZone(db, worker, zone, now));
  }

  decide(
    name: string,
    decide: (state: CronState, now: number) => CronDecision | null,
    { worker, key }: DecideOptions = {},
  ): Promise<CronSlot[]> {
    return this.#access.inSession(async (session) => {
      const now = this.#access.now();
      const isPushed = (db: Database) => key !== undefined && findPushed(db, key) !== null;
      if (await session.runStatements(isPushed)) return [];
      const state = await session.runStatements((db) => cronState(db, name));
      const decision = state && decide(state, now);
      if (decision === null) return [];
      const tasks = decision.slots.flatMap(({ task }) => task ?? []);
      const ids = tasks.length === 0 ? [] : await session.push(tasks);
      return session.runStatements((db) => {
        if (key !== undefined) keepKey(db, key, ids, now);
        return recordDecision(db, name, decision, ids, now, worker ?? null);
      });
    });
  }

  end(name: string, slot: number, outcome: SlotOutcome, reason: string): Promise<void> {
    return this.#write((db) => endSlot(db, name, slot, outcome, reason));
  }

  add(origin: string, definition: CronText, kind = kindOf({ origin })): Promise<CronRow> {
    const { name } = definition;
    return this.#write((db, now) => {
      const row = cronRow(db, name);
      if (row !== null && row.removedAt === null) throw new TqError("conflict", takenWords(row));
      addCron(db, origin, definition, kind, now);
      return found(db, name);
    });
  }

  override(name: string, change: (row: CronRow, now: number) => CronOverride): Promise<CronRow> {
    return this.#write((db, now) => {
      const state = cronState(db, name) ?? refuseUnknown(db, name);
      overrideCron(db, state, change(state.row, now), now);
      return found(db, name);
    });
  }

  remove(name: string): Promise<void> {
    return this.#write((db) => {
      const row = found(db, name);
      const refusal = unremovableWords(row);
      if (refusal !== null) throw new TqError("conflict", refusal);
      deleteCron(db, name);
    });
  }

  #write<T>(fn: (db: Database, now: number) => T): Promise<T> {
    return this.#access.write(fn);
  }
}

function found(db: Database, name: string): CronRow {
  return cronRow(db, name) ?? refuseUnknown(db, name);
}

function refuseUnknown(db: Database, name: string): never {
  const names = cronRows(db).map((one) => one.name);
  throw new TqError("not_found", unknownCronWords(name, names));
}
