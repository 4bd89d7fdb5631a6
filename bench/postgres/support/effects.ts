/** What the tasks of the measures do, in plain statements, as the methods of models.ts do it. */
import type { Claimed, Effect, Raw } from "./raw.ts";

export const nothing: Effect = async () => [];

const SELECT_ITEMS = "SELECT id::float8 AS id, value FROM item WHERE id = ANY ($1::bigint[])";
const UPDATE_ITEM = "UPDATE item SET value = $2 WHERE id = $1 AND value IS NOT DISTINCT FROM $3";

/** Reads the rows of all tasks at once, and writes each. */
export const browseAndSave: Effect = async (raw, tasks) => {
  const values = await browse(raw, tasks);
  return tasks.map((task) => save(raw, task, values));
};

/** As a method that waits once. Its code goes on when its row is saved. */
export const browseWaitAndSave: Effect = async (raw, tasks) => {
  const values = await browse(raw, tasks);
  await new Promise(setImmediate);
  for (const task of tasks) await save(raw, task, values);
  return [];
};

type Values = ReadonlyMap<number, number | null>;

async function browse(raw: Raw, tasks: readonly Claimed[]): Promise<Values> {
  const ids = tasks.map(({ instances }) => Number(instances));
  const rows = await raw.query<{ id: number; value: number | null }>(SELECT_ITEMS, [ids]);
  return new Map(rows.map(({ id, value }) => [id, value]));
}

function save(raw: Raw, { instances, args }: Claimed, values: Values): Promise<unknown> {
  const id = Number(instances);
  const [value] = JSON.parse(args) as number[];
  return raw.query(UPDATE_ITEM, [id, value, values.get(id) ?? null]);
}

const LOCK_ACCOUNTS =
  "SELECT id::float8 AS id, balance FROM account WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE";
const UPDATE_ACCOUNT = "UPDATE account SET balance = $2 WHERE id = $1";

/** Locks both accounts of each task, and writes both. */
export const transfer: Effect = async (raw, tasks) =>
  (await Promise.all(tasks.map((task) => transferOne(raw, task)))).flat();

async function transferOne(raw: Raw, { instances, args }: Claimed): Promise<Promise<unknown>[]> {
  const from = Number(instances);
  const [to = 0, amount = 0] = JSON.parse(args) as number[];
  const rows = await raw.query<{ id: number; balance: number }>(LOCK_ACCOUNTS, [[from, to]]);
  return rows.map(({ id, balance }) =>
    raw.query(UPDATE_ACCOUNT, [id, balance + (id === to ? amount : -amount)]),
  );
}
