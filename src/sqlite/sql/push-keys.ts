/** Keeps the keys of pushes. */
import type { Database } from "bun:sqlite";
import { allOrNothing } from "./push.ts";
import { KEY_KEPT_MS, keyTaken, type OncePushed, type PushKey } from "../../store/push-keys.ts";

const FIND = "SELECT body, ids FROM tq__push_key WHERE caller = $caller AND key = $key";
const ADD = `
  INSERT INTO tq__push_key (caller, key, body, ids, pushed_at)
  VALUES ($caller, $key, $body, $ids, $now)`;

/** @throws TqError "invalid" where another request had the key. */
export function findPushed(db: Database, { caller, key, body }: PushKey): number[] | null {
  const row = db.query(FIND).get({ caller, key }) as { body: Uint8Array; ids: string } | null;
  if (row === null) return null;
  if (!Bun.deepEquals(row.body, Uint8Array.from(body))) throw keyTaken(key);
  return JSON.parse(row.ids) as number[];
}

/** @param push called where no push had the key. */
export function pushOnce(
  db: Database,
  key: PushKey,
  now: number,
  push: () => number[],
): OncePushed {
  const earlier = findPushed(db, key);
  if (earlier !== null) return { ids: earlier, isReplay: true };
  return allOrNothing(db, () => {
    const ids = push();
    keepKey(db, key, ids, now);
    return { ids, isReplay: false };
  });
}

export function keepKey(db: Database, key: PushKey, ids: readonly number[], now: number): void {
  db.query(ADD).run({ ...key, ids: JSON.stringify(ids), now });
}

/** Keys that one transaction deletes. */
const SLICE = 1_000;

const OLD = "SELECT 1 FROM tq__push_key WHERE pushed_at < $before LIMIT 1";
const FORGET = `
  DELETE FROM tq__push_key WHERE (caller, key) IN
    (SELECT caller, key FROM tq__push_key WHERE pushed_at < $before ORDER BY pushed_at LIMIT ${SLICE})`;

export function hasOldKeys(db: Database, now: number): boolean {
  return db.query(OLD).get({ before: now - KEY_KEPT_MS }) !== null;
}

/** @returns true where there may be more. */
export function forgetOldKeys(db: Database, now: number): boolean {
  return db.query(FORGET).run({ before: now - KEY_KEPT_MS }).changes === SLICE;
}
