/** Recurring tasks on PostgreSQL. Who writes one locks its row first, so that a slot is decided once. */
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
import type { Connection } from "./connection.ts";
import { lock } from "./locks.ts";
import { addCron, defineCrons } from "./sql/cron-definitions.ts";
import { cronRow, cronRows, cronState, lockCron } from "./sql/cron-rows.ts";
import { cronSlots, endSlot, recordDecision } from "./sql/cron-slots.ts";
import { settledZone, useZone } from "./sql/cron-zone.ts";
import { deleteCron, overrideCron } from "./sql/cron.ts";
import { findPushed, keepKey } from "./sql/push-keys.ts";

export class PostgresCron implements CronStore {
  readonly #access: Access;

  readonly version: () => Promise<string>;

  constructor(access: Access, version: () => Promise<string>) {
    this.#access = access;
    this.version = version;
  }

  rows(): Promise<CronRow[]> {
    return this.#access.brief(cronRows);
  }

  slots(name: string, limit: number): Promise<PastSlot[]> {
    return this.#access.read((db) => cronSlots(db, name, limit));
  }

  define(...sources: readonly CronSource[]): Promise<CronChanges> {
    return this.#access.write(async (db, now) => {
      await lock(db, "definitions");
      return defineCrons(db, sources, now);
    });
  }

  async followZone(worker: string, zone: string): Promise<string> {
    const settled = await this.#access.brief((db) => settledZone(db, worker, zone));
    if (settled !== null) return settled;
    return this.#access.write(async (db, now) => {
      await lock(db, "definitions");
      return useZone(db, worker, zone, now);
    });
  }

  decide(
    name: string,
    decide: (state: CronState, now: number) => CronDecision | null,
    { worker, key }: DecideOptions = {},
  ): Promise<CronSlot[]> {
    return this.#access.inSession(async (session) => {
      const now = this.#access.now();
      const state = await session.runStatements(async (db) => {
        await lockCron(db, name);
        if (key !== undefined && (await findPushed(db, key)) !== null) return null;
        return cronState(db, name);
      });
      const decision = state && decide(state, now);
      if (decision === null) return [];
      const tasks = decision.slots.flatMap(({ task }) => task ?? []);
      const ids = tasks.length === 0 ? [] : await session.push(tasks);
      return session.runStatements(async (db) => {
        if (key !== undefined) await keepKey(db, key, ids, now);
        return recordDecision(db, name, decision, ids, now, worker ?? null);
      });
    });
  }

  end(name: string, slot: number, outcome: SlotOutcome, reason: string): Promise<void> {
    return this.#access.write((db) => endSlot(db, name, slot, outcome, reason));
  }

  add(origin: string, definition: CronText, kind = kindOf({ origin })): Promise<CronRow> {
    const { name } = definition;
    return this.#access.write(async (db, now) => {
      await lock(db, "definitions");
      await lockCron(db, name);
      const row = await cronRow(db, name);
      if (row !== null && row.removedAt === null) throw new TqError("conflict", takenWords(row));
      await addCron(db, origin, definition, kind, now);
      return found(db, name);
    });
  }

  override(name: string, change: (row: CronRow, now: number) => CronOverride): Promise<CronRow> {
    return this.#access.write(async (db, now) => {
      await lockCron(db, name);
      const state = (await cronState(db, name)) ?? (await refuseUnknown(db, name));
      await overrideCron(db, state, change(state.row, now), now);
      return found(db, name);
    });
  }

  remove(name: string): Promise<void> {
    return this.#access.write(async (db) => {
      await lockCron(db, name);
      const refusal = unremovableWords(await found(db, name));
      if (refusal !== null) throw new TqError("conflict", refusal);
      await deleteCron(db, name);
    });
  }
}

async function found(db: Connection, name: string): Promise<CronRow> {
  return (await cronRow(db, name)) ?? refuseUnknown(db, name);
}

async function refuseUnknown(db: Connection, name: string): Promise<never> {
  const names = (await cronRows(db)).map((one) => one.name);
  throw new TqError("not_found", unknownCronWords(name, names));
}
