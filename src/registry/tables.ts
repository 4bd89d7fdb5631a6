/** Creates the tables of all models at once, so that no task has to create one. */
import type { Store } from "../store/store.ts";
import { tableOf } from "./definition.ts";
import type { Registry } from "./registry.ts";

/** Creates or extends the tables of these models. @throws TqError "models" for a table that it cannot change so. */
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
