/** Rows of statistics that are read, added to, and written back together, in a transaction that has their lock. */
import { RunCounts } from "../../statistics/counts.ts";
import {
  addRow,
  OF_METHOD,
  type StoredRow,
  toValues,
  VALUES,
} from "../../store/statistics-rows.ts";
import type { StatisticsRow } from "../../store/statistics-store.ts";
import type { Connection } from "../connection.ts";

const KEY = ["span", "at", "queue", "model", "method"] as const;

const isBytes = (name: string): boolean => name.endsWith("_buckets");

/** All columns, as `addRow` takes them. */
export const ROW_COLUMNS = [
  "span::float8 AS span, at::float8 AS at, queue, model, method, whole",
  ...VALUES.map((name) => (isBytes(name) ? name : `${name}::float8 AS ${name}`)),
].join(", ");

const THESE = `
  SELECT ${ROW_COLUMNS} FROM tq.statistic
    JOIN unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[]) AS these (${KEY.join(", ")})
   USING (${KEY.join(", ")})`;

/** Histograms go as hexadecimal text in JSON: the driver takes no list of them. */
const PUT = `
  INSERT INTO tq.statistic (${KEY.join(", ")}, whole, ${VALUES.join(", ")})
  SELECT ${KEY.join(", ")}, whole, ${VALUES.map((name) => (isBytes(name) ? `decode(${name}, 'hex')` : name)).join(", ")}
    FROM jsonb_to_recordset($1::text::jsonb)
         AS put (span bigint, at bigint, queue text, model text, method text, whole integer,
                 ${VALUES.map((name) => `${name} ${isBytes(name) ? "text" : "bigint"}`).join(", ")})
   ORDER BY ${KEY.join(", ")}
  ON CONFLICT (${KEY.join(", ")}) DO UPDATE
     SET ${["whole", ...VALUES].map((name) => `${name} = excluded.${name}`).join(", ")}`;

interface KeptRow {
  readonly row: StatisticsRow;
  readonly counts: RunCounts;
  whole: number;
}

/** No name has a NUL. */
const keyOf = (row: StatisticsRow): string => KEY.map((name) => row[name]).join("\0");

export class StatisticsRows {
  readonly #rows = new Map<string, KeptRow>();

  /** Reads those of these rows that are there. */
  async read(db: Connection, rows: readonly StatisticsRow[]): Promise<void> {
    const once = [...new Map(rows.map((row) => [keyOf(row), row])).values()];
    const columns = KEY.map((name) => once.map((row) => row[name]));
    for (const row of await db.all<StoredRow>(THESE, columns)) this.found(row);
  }

  found(row: StoredRow): void {
    const { counts } = this.#of(row, row["whole"] as number);
    addRow(counts, row);
  }

  /** Adds to a row; `read` must have looked for it. */
  add(row: StatisticsRow, added: RunCounts, whole = OF_METHOD): void {
    const kept = this.#of(row, whole);
    kept.counts.merge(added);
    kept.whole = whole;
  }

  #of({ span, at, queue, model, method }: StatisticsRow, whole: number): KeptRow {
    const row = { span, at, queue, model, method };
    const key = keyOf(row);
    let kept = this.#rows.get(key);
    if (!kept) this.#rows.set(key, (kept = { row, counts: new RunCounts(), whole }));
    return kept;
  }

  /** Puts these counts in the place of a row's. */
  replace(row: StatisticsRow, counts: RunCounts, whole: number): void {
    this.#rows.set(keyOf(row), { row, counts, whole });
  }

  *[Symbol.iterator](): Generator<KeptRow> {
    yield* this.#rows.values();
  }

  async write(db: Connection): Promise<void> {
    const rows = Array.from(this.#rows.values(), ({ row, counts, whole }) => ({
      ...row,
      whole,
      ...inJson(toValues(counts)),
    }));
    if (rows.length > 0) await db.run(PUT, [JSON.stringify(rows)]);
  }
}

function inJson(values: Readonly<Record<string, number | Uint8Array>>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "number" ? value : Buffer.from(value).toString("hex"),
    ]),
  );
}
