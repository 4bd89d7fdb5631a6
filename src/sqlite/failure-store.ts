/** What follows failures, on SQLite. */
import type {
  AlertChannel,
  AlertTake,
  FailureStore,
  FollowUp,
  TakenAlert,
} from "../store/failure-store.ts";
import type { CronAccess } from "./cron-store.ts";
import { endAlert, findAlert, isNewlyWatched, takeAlert, watchFailures } from "./sql/alerts.ts";
import { declareFollowUps, isNewlyDeclared } from "./sql/failures.ts";

export class SqliteFailures implements FailureStore {
  readonly #access: CronAccess;

  constructor(access: CronAccess) {
    this.#access = access;
  }

  async declare(models: readonly string[], followUps: readonly FollowUp[]): Promise<void> {
    const { read, write } = this.#access;
    if (!(await read((db) => isNewlyDeclared(db, models, followUps)))) return;
    await write((session) =>
      session.runStatements((db) => declareFollowUps(db, models, followUps)),
    );
  }

  async watch(origin: string, channels: readonly AlertChannel[]): Promise<void> {
    const { read, write } = this.#access;
    if (!(await read((db) => isNewlyWatched(db, origin, channels)))) return;
    await write((session) => session.runStatements((db) => watchFailures(db, origin, channels)));
  }

  async take(take: AlertTake): Promise<TakenAlert> {
    const { now, read, write } = this.#access;
    await this.watch(take.origin, take.channels); // another process may have dropped them
    const found = await read((db) => findAlert(db, take, now()));
    if (found.kind !== "alert") return found;
    return write((session) =>
      session.runStatements((db, time) => takeAlert(db, take, found, time)),
    );
  }

  async told(
    worker: string,
    channel: AlertChannel,
    until: number,
    hasGone: boolean,
  ): Promise<void> {
    await this.#access.write((session) =>
      session.runStatements((db) => endAlert(db, worker, channel, hasGone ? until : null)),
    );
  }
}
