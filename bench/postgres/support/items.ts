/** A row for each task, which the task changes. */
import type { Raw } from "./raw.ts";

export function items(count: number) {
  return {
    prepare: (raw: Raw) => raw.fillItems(count),
    async check(raw: Raw): Promise<void> {
      const text = "SELECT count(value)::float8 AS rows FROM item";
      const [changed] = await raw.query<{ rows: number }>(text);
      if (changed?.rows !== count)
        throw new Error(`${changed?.rows} of ${count} rows were changed`);
    },
  };
}
