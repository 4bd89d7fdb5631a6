/** Webhooks on SQLite. */
import type { Database } from "bun:sqlite";
import type {
  Followed,
  WebhookDefinition,
  WebhookFollow,
  WebhookStore,
} from "../store/webhook-store.ts";
import type { Task } from "../task.ts";
import type { Access } from "./access.ts";
import { getTask } from "./sql/looking.ts";
import {
  findEnds,
  isStillAt,
  isNewWebhook,
  isWantedTarget,
  moveWebhook,
  watchWebhooks,
} from "./sql/webhooks.ts";

export class SqliteWebhooks implements WebhookStore {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  async watch(origin: string, definitions: readonly WebhookDefinition[]): Promise<void> {
    if (!(await this.#access.read((db) => isNewWebhook(db, origin, definitions)))) return;
    await this.#access.write((db, now) => watchWebhooks(db, origin, definitions, now));
  }

  async follow({ origin, definitions, definition, delivery }: WebhookFollow): Promise<Followed> {
    await this.watch(origin, definitions); // another process may have dropped it
    const now = this.#access.now();
    const ends = await this.#access.read((db) => findEnds(db, definition, now));
    if (ends === null) return { pushed: 0, isMore: false };
    const { told, seed, moves, isMore } = ends;
    return this.#access.inSession(async (session) => {
      const pushes = await session.runStatements((db, written) => {
        if (!isStillAt(db, definition.key, moves)) return null;
        moveWebhook(db, definition, ends);
        return told
          .flatMap(({ task, endedAt }) => endedTask(db, task, endedAt, written) ?? [])
          .map((task) => delivery(task, seed));
      });
      if (pushes === null) return { pushed: 0, isMore: true }; // another worker was faster
      if (pushes.length > 0) await session.push(pushes);
      return { pushed: pushes.length, isMore };
    });
  }

  version(): Promise<number> {
    return this.#access.version();
  }

  /** Any commit: to see that there was one takes no statement. */
  changed(
    version: number,
    _keys: readonly string[],
    wait: number,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#access.changed(version, wait, signal);
  }

  isWanted(target: string): Promise<boolean> {
    return this.#access.read((db) => isWantedTarget(db, target));
  }
}

/** null: it was retried or deleted a moment ago. */
function endedTask(db: Database, id: number, endedAt: number, now: number): Task | null {
  const task = getTask(db, id, now);
  return task?.finished_at === endedAt ? task : null;
}
