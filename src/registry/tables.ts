/** Creates the tables of all models at once, so that no task has to create one. */
import type { Report } from "../log/events.ts";
import type { Table } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { tableOf } from "./definition.ts";
import type { Registry } from "./registry.ts";

/** Creates or extends the tables of these models. @throws TqError "models" for a table that it cannot change so. */
export async function ensureTables(
  store: Store,
  registry: Registry,
  report: Report,
): Promise<void> {
  const session = store.session();
  try {
    for (const model of registry.all()) {
      const table = tableOf(model);
      if (table) reportLacking(report, table, await session.records.ensureTable(table));
    }
    await session.commit();
  } finally {
    await store.release(session);
  }
}

/** Says once, when the columns are added, that the rows of the table lack values that the model requires. */
export function reportLacking(report: Report, { name }: Table, columns: readonly string[]): void {
  if (columns.length === 0) return;
  const set = columns.map((column) => `"${column}" = …`).join(", ");
  const message = `The rows of the table ${name} have no ${columns.join(" and no ")}, which its model requires, as they are older than the field: reading gives undefined; fill them: UPDATE "${name}" SET ${set} WHERE "${columns[0]}" IS NULL`;
  report({ name: "log.note", level: "warn", message });
}
