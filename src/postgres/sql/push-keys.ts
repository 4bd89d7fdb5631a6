/** Keeps the keys of pushes. */
import { KEY_KEPT_MS, keyTaken, type PushKey } from "../../store/push-keys.ts";
import type { Connection } from "../connection.ts";

const FIND = "SELECT body, ids FROM tq.push_key WHERE caller = $1::text AND key = $2::text";

/** Waits for another transaction that adds the key. */
const ADD = `
  INSERT INTO tq.push_key (caller, key, body, ids, pushed_at)
  VALUES ($1::text, $2::text, $3::bytea, $4::text, $5::bigint)
  ON CONFLICT (caller, key) DO NOTHING`;

/** @throws TqError "invalid" where another request had the key. */
export async function findPushed(
  db: Connection,
  { caller, key, body }: PushKey,
): Promise<number[] | null> {
  const row = await db.get<{ body: Uint8Array; ids: string }>(FIND, [caller, key]);
  if (row === null) return null;
  if (!Bun.deepEquals(Uint8Array.from(row.body), Uint8Array.from(body))) throw keyTaken(key);
  return JSON.parse(row.ids) as number[];
}

/** @throws TqError "invalid" where another transaction has added the key meanwhile. */
export async function keepKey(
  db: Connection,
  { caller, key, body }: PushKey,
  ids: readonly number[],
  now: number,
): Promise<void> {
  const added = await db.run(ADD, [caller, key, body, JSON.stringify(ids), now]);
  if (added === 0) throw keyTaken(key);
}

/** Keys that one transaction deletes. */
const SLICE = 1_000;

const OLD = "SELECT FROM tq.push_key WHERE pushed_at < $1::bigint LIMIT 1";
const FORGET = `
  DELETE FROM tq.push_key WHERE (caller, key) IN
    (SELECT caller, key FROM tq.push_key WHERE pushed_at < $1::bigint ORDER BY pushed_at LIMIT ${SLICE} FOR UPDATE SKIP LOCKED)`;

export async function hasOldKeys(db: Connection, now: number): Promise<boolean> {
  return (await db.get(OLD, [now - KEY_KEPT_MS])) !== null;
}

/** @returns true where there may be more. */
export async function forgetOldKeys(db: Connection, now: number): Promise<boolean> {
  return (await db.run(FORGET, [now - KEY_KEPT_MS])) === SLICE;
}
