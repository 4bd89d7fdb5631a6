/** The tables of all models at once, so that no task has to make one. */
import type { Store } from "../store/store.ts";
import { tableOf } from "./definition.ts";
import type { Registry } from "./registry.ts";

/** Makes or extends the tables of these models. @throws TqError "models" for what it cannot do by itself. */
export async function ensureTables(store: Store, registry: Registry): Promise<void> {
  const session = store.session();
  try {
    for (const model of registry.all()) {
      const table = tableOf(model);
      if (table) await session.records.ensureTable(table);
    }
    await session.commit();
  } finally {
    await store.release(session);
  }
}
