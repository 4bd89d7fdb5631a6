/** Webhooks on PostgreSQL. */
import { monotonicNow, sleepUnless } from "../clock.ts";
import type {
  Followed,
  WebhookDefinition,
  WebhookFollow,
  WebhookStore,
} from "../store/webhook-store.ts";
import type { Access } from "./access.ts";
import { lock } from "./locks.ts";
import { getTask } from "./sql/looking.ts";
import {
  isEndFor,
  isNewWebhook,
  isWantedTarget,
  shareEnds,
  takeEnds,
  waitingEnds,
  watchWebhooks,
} from "./sql/webhooks.ts";

/** It looks for ends this often. */
const LOOK_MS = 250;

const NOTHING: Followed = { pushed: 0, isMore: false };

export class PostgresWebhooks implements WebhookStore {
  readonly #access: Access;

  readonly #mayHaveEnds: () => boolean;

  /** @param mayHaveEnds false: it is known that there are none. */
  constructor(access: Access, mayHaveEnds: () => boolean) {
    this.#access = access;
    this.#mayHaveEnds = mayHaveEnds;
  }

  async watch(origin: string, definitions: readonly WebhookDefinition[]): Promise<void> {
    if (!(await this.#access.read((db) => isNewWebhook(db, origin, definitions)))) return;
    await this.#access.write(async (db) => {
      await lock(db, "webhooks");
      await watchWebhooks(db, origin, definitions);
    });
  }

  async follow({ origin, definitions, definition, delivery }: WebhookFollow): Promise<Followed> {
    await this.watch(origin, definitions); // another process may have dropped it
    const { key } = definition;
    const { isToShare, isToTell } = await this.#access.read((db) => waitingEnds(db, key));
    const isMoreToShare = isToShare && (await this.#share());
    if (!isToShare && !isToTell) return NOTHING;
    return this.#access.inSession(async (session) => {
      const taken = await session.runStatements(async (db, now) => {
        const ends = await takeEnds(db, key);
        if (ends === null) return null;
        const tasks = await Promise.all(ends.told.map(({ task }) => getTask(db, task, now)));
        return { ...ends, tasks };
      });
      if (taken === null) return NOTHING;
      const pushes = taken.tasks.flatMap((task, at) => {
        // It may have been retried a moment ago.
        const isStillEnded = task !== null && task.finished_at === taken.told[at]?.endedAt;
        return isStillEnded ? [delivery(task, taken.seed)] : [];
      });
      if (pushes.length > 0) await session.push(pushes);
      return { pushed: pushes.length, isMore: taken.isMore || isMoreToShare };
    });
  }

  /** In a transaction of its own: the lock is held for a moment. */
  #share(): Promise<boolean> {
    return this.#access.write(async (db) => {
      await lock(db, "webhooks");
      return shareEnds(db);
    });
  }

  /** Ends that are not told yet are rows of their own. */
  async version(): Promise<number> {
    return 0;
  }

  async changed(
    _version: number,
    keys: readonly string[],
    wait: number,
    signal: AbortSignal,
  ): Promise<void> {
    const until = monotonicNow() + wait;
    for (;;) {
      const mayHave = !signal.aborted && this.#mayHaveEnds();
      if (mayHave && (await this.#access.brief((db) => isEndFor(db, keys)))) return;
      const rest = until - monotonicNow();
      if (signal.aborted || rest <= 0) return;
      await sleepUnless(signal, Math.min(LOOK_MS, rest));
    }
  }

  isWanted(target: string): Promise<boolean> {
    return this.#access.read((db) => isWantedTarget(db, target));
  }
}
