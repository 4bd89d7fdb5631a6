/** Keeps the keys of pushes. */
import { KEY_KEPT_MS, keyTaken, type PushKey } from "../../store/push-keys.ts";
import type { Connection } from "../connection.ts";

const FIND = "SELECT body, ids FROM tq.push_key WHERE caller = $1 AND key = $2";

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

/**
 * A key is the lock of its push: a transaction that takes it waits for one that has taken it before, and then finds it
 * taken, or free where that one was undone. In their order: two transactions that take several do not deadlock.
 */
const TAKE = `
  INSERT INTO tq.push_key (caller, key, body, ids, pushed_at)
  SELECT caller, key, body, '[]', $1::bigint
    FROM unnest($2::text[], $3::text[], $4::bytea[]) AS new (caller, key, body)
   ORDER BY caller COLLATE "C", key COLLATE "C"
  ON CONFLICT (caller, key) DO NOTHING
  RETURNING caller, key`;

/** Takes those of these different keys that no push has. @returns a function that tells which were taken */
export async function takeKeys(
  db: Connection,
  keys: readonly PushKey[],
  now: number,
): Promise<(key: PushKey) => boolean> {
  const rows = await db.all<Pick<PushKey, "caller" | "key">>(TAKE, [
    now,
    keys.map(({ caller }) => caller),
    keys.map(({ key }) => key),
    keys.map(({ body }) => `\\x${body.toHex()}`),
  ]);
  const taken = new Set(rows.map(nameOf));
  return (key) => taken.has(nameOf(key));
}

/** Tells keys apart. */
export function nameOf({ caller, key }: Pick<PushKey, "caller" | "key">): string {
  return `${caller}\0${key}`;
}

const KEEP_IDS = `
  UPDATE tq.push_key AS kept SET ids = new.ids
    FROM unnest($1::text[], $2::text[], $3::text[]) AS new (caller, key, ids)
   WHERE kept.caller = new.caller AND kept.key = new.key`;

export async function keepIds(
  db: Connection,
  pushed: readonly { readonly key: PushKey; readonly ids: readonly number[] }[],
): Promise<void> {
  await db.run(KEEP_IDS, [
    pushed.map(({ key }) => key.caller),
    pushed.map(({ key }) => key.key),
    pushed.map(({ ids }) => JSON.stringify(ids)),
  ]);
}

/** Keeps the key of a push that has been made. @throws TqError "invalid" where another push has taken it meanwhile. */
export async function keepKey(
  db: Connection,
  key: PushKey,
  ids: readonly number[],
  now: number,
): Promise<void> {
  const isTaken = await takeKeys(db, [key], now);
  if (!isTaken(key)) throw keyTaken(key.key);
  await keepIds(db, [{ key, ids }]);
}

const FREE = "DELETE FROM tq.push_key WHERE caller = $1 AND key = $2";

export async function freeKey(db: Connection, { caller, key }: PushKey): Promise<void> {
  await db.run(FREE, [caller, key]);
}

/** Keys that one transaction deletes. */
const SLICE = 1_000;

const OLD =
  "SELECT EXISTS (SELECT FROM tq.push_key WHERE pushed_at < $1 ORDER BY pushed_at LIMIT 1) AS any";
const FORGET = `
  DELETE FROM tq.push_key
   WHERE (caller, key) IN
         (SELECT caller, key FROM tq.push_key WHERE pushed_at < $1 ORDER BY pushed_at LIMIT ${SLICE}
             FOR UPDATE SKIP LOCKED)`;

export async function hasOldKeys(db: Connection, now: number): Promise<boolean> {
  return (await db.get<{ any: boolean }>(OLD, [now - KEY_KEPT_MS]))?.any === true;
}

/** @returns true where there may be more. */
export async function forgetOldKeys(db: Connection, now: number): Promise<boolean> {
  return (await db.run(FORGET, [now - KEY_KEPT_MS])) === SLICE;
}
