/** Webhooks on SQLite. */
import type {
  Followed,
  WebhookDefinition,
  WebhookFollow,
  WebhookStore,
} from "../store/webhook-store.ts";
import type { CronAccess } from "./cron-store.ts";
import { getTask } from "./sql/looking.ts";
import {
  findEnds,
  isNewWebhook,
  isWantedTarget,
  moveWebhook,
  watchWebhooks,
} from "./sql/webhooks.ts";

export class SqliteWebhooks implements WebhookStore {
  readonly #access: CronAccess;

  constructor(access: CronAccess) {
    this.#access = access;
  }

  async watch(origin: string, definitions: readonly WebhookDefinition[]): Promise<void> {
    if (!(await this.#access.read((db) => isNewWebhook(db, origin, definitions)))) return;
    await this.#access.write((session) =>
      session.runStatements((db, now) => watchWebhooks(db, origin, definitions, now)),
    );
  }

  async follow({ origin, definitions, definition, delivery }: WebhookFollow): Promise<Followed> {
    await this.watch(origin, definitions); // another process may have dropped it
    const now = this.#access.now();
    const found = await this.#access.read((db) => findEnds(db, definition, now));
    if (found === null) return { pushed: 0, isMore: false };
    return this.#access.write(async (session) => {
      const tasks = await session.runStatements((db, written) => {
        const ends = findEnds(db, definition, written); // another worker may have been faster
        if (ends === null) return null;
        moveWebhook(db, definition, ends);
        const ended = ends.told.flatMap(({ task }) => getTask(db, task, written) ?? []);
        return { pushes: ended.map((task) => delivery(task, ends.seed)), isMore: ends.isMore };
      });
      if (tasks === null) return { pushed: 0, isMore: false };
      const { pushes, isMore } = tasks;
      if (pushes.length > 0) await session.push(pushes);
      return { pushed: pushes.length, isMore };
    });
  }

  isWanted(target: string): Promise<boolean> {
    return this.#access.read((db) => isWantedTarget(db, target));
  }
}
