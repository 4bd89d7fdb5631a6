/** Follow-ups and alerts of failures, on SQLite. */
import type { Database } from "bun:sqlite";
import type {
  AlertDefinition,
  AlertKey,
  AlertTake,
  DeclaredFollowUps,
  FailureStore,
  FollowUp,
  TakenAlert,
} from "../store/failure-store.ts";
import type { FailedTask } from "../store/looking.ts";
import type { Access } from "./access.ts";
import type { KnownFollowUps } from "../store/known-follow-ups.ts";
import {
  countAllPassedOver,
  endAlert,
  findAlert,
  isNewlyWatched,
  takeAlert,
  watchFailures,
} from "./sql/alerts.ts";
import { declareFollowUps, isNewlyDeclared } from "./sql/failures.ts";
import { lastFailed } from "./sql/looking.ts";
import { noteTrouble } from "./sql/untold.ts";

export class SqliteFailures implements FailureStore {
  readonly #access: Access;
  readonly #known: KnownFollowUps;

  constructor(access: Access, known: KnownFollowUps) {
    this.#access = access;
    this.#known = known;
  }

  know(declared: DeclaredFollowUps): void {
    this.#known.know(declared);
  }

  async declare(models: readonly string[], followUps: readonly FollowUp[]): Promise<void> {
    this.know({ models, followUps });
    if (!(await this.#read((db) => isNewlyDeclared(db, models, followUps)))) return;
    await this.#write((db) => declareFollowUps(db, models, followUps));
  }

  async watch(origin: string, definitions: readonly AlertDefinition[]): Promise<number> {
    if (!(await this.#read((db) => isNewlyWatched(db, origin, definitions)))) return 0;
    const now = this.#access.now();
    const passedOver = await this.#read((db) => countAllPassedOver(db, origin, definitions, now));
    await this.#write((db) => watchFailures(db, origin, definitions, now));
    return passedOver;
  }

  trouble(words: string): Promise<void> {
    return this.#write((db, now) => noteTrouble(db, words, now));
  }

  async take(take: AlertTake): Promise<TakenAlert> {
    await this.watch(take.origin, take.definitions); // another process may have dropped them
    const found = await this.#read((db) => findAlert(db, take, this.#access.now()));
    if (found.kind !== "alert") return found;
    return this.#write((db, now) => takeAlert(db, take, now));
  }

  told(worker: string, channel: AlertKey, until: number, hasGone: boolean): Promise<void> {
    return this.#write((db) => endAlert(db, worker, channel, hasGone ? until : null));
  }

  last(most: number): Promise<FailedTask[]> {
    return this.#read((db) => lastFailed(db, most));
  }

  #read<T>(fn: (db: Database) => T): Promise<T> {
    return this.#access.read(fn);
  }

  #write<T>(fn: (db: Database, now: number) => T): Promise<T> {
    return this.#access.write(fn);
  }
}
