/** Follow-ups and alerts of failures, on PostgreSQL. */
import type {
  AlertDefinition,
  AlertKey,
  AlertTake,
  DeclaredFollowUps,
  FailureStore,
  FollowUp,
  TakenAlert,
} from "../store/failure-store.ts";
import type { KnownFollowUps } from "../store/known-follow-ups.ts";
import type { FailedTask } from "../store/looking.ts";
import type { Access } from "./access.ts";
import { lock } from "./locks.ts";
import {
  countAllPassedOver,
  endAlert,
  isNewlyWatched,
  nothingToTell,
  takeAlert,
  watchFailures,
} from "./sql/alerts.ts";
import { declareFollowUps, isNewlyDeclared } from "./sql/failures.ts";
import { lastFailed } from "./sql/looking.ts";
import { noteTrouble } from "./sql/noted-failures.ts";

export class PostgresFailures implements FailureStore {
  readonly #access: Access;
  readonly #known: KnownFollowUps;
  #own: DeclaredFollowUps | null = null;

  constructor(access: Access, known: KnownFollowUps) {
    this.#access = access;
    this.#known = known;
  }

  know(declared: DeclaredFollowUps): void {
    this.#known.know(declared);
  }

  async declare(models: readonly string[], followUps: readonly FollowUp[]): Promise<void> {
    this.#own = { models, followUps };
    this.know(this.#own);
    const isNew = await this.#access.read((db) => isNewlyDeclared(db, models, followUps));
    if (!isNew) return;
    await this.#access.write(async (db) => {
      await lock(db, "definitions");
      await declareFollowUps(db, models, followUps);
    });
  }

  /** Declares the same again: the server may lack it. */
  async declareAgain(): Promise<void> {
    if (this.#own !== null) await this.declare(this.#own.models, this.#own.followUps);
  }

  async watch(origin: string, definitions: readonly AlertDefinition[]): Promise<number> {
    const isNew = await this.#access.read((db) => isNewlyWatched(db, origin, definitions));
    if (!isNew) return 0;
    return this.#access.write(async (db, now) => {
      await lock(db, "definitions");
      const passedOver = await countAllPassedOver(db, origin, definitions, now);
      await watchFailures(db, origin, definitions, now);
      return passedOver;
    });
  }

  trouble(words: string): Promise<void> {
    return this.#access.write((db, now) => noteTrouble(db, words, now));
  }

  async take(take: AlertTake): Promise<TakenAlert> {
    await this.watch(take.origin, take.definitions); // another process may have dropped them
    const now = this.#access.now();
    const nothing = await this.#access.read((db) => nothingToTell(db, take, now));
    return nothing ?? this.#access.write((db, written) => takeAlert(db, take, written));
  }

  told(worker: string, channel: AlertKey, until: number, hasGone: boolean): Promise<void> {
    return this.#access.write((db) => endAlert(db, worker, channel, hasGone ? until : null));
  }

  last(most: number): Promise<FailedTask[]> {
    return this.#access.read((db) => lastFailed(db, most));
  }
}
