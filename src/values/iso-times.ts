/** Times as `/api/v1` and webhooks have them: ISO 8601 in UTC. */

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A row with its columns of times (`…_at`) as ISO 8601 in UTC. */
export function withIsoTimes<Row extends object>(row: Row): IsoTimes<Row> {
  const entries = Object.entries(row).map(([key, value]: [string, unknown]) => [
    key,
    key.endsWith("_at") && typeof value === "number" ? isoTime(value) : value,
  ]);
  return Object.fromEntries(entries) as IsoTimes<Row>;
}

type IsoTimes<Row> = {
  [K in keyof Row]: K extends `${string}_at` ? Exclude<Row[K], number> | string : Row[K];
};
