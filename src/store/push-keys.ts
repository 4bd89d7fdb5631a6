/** Keys of pushes, for every store: a push that comes again with its key is answered, and not made again. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import type { NewTask } from "../task.ts";
import { DAY_MS } from "../values/duration.ts";
import type { PushedIds } from "./session.ts";

export interface PushKey {
  /** The name of the caller's token: each caller has its own keys. */
  readonly caller: string;
  readonly key: string;
  /** The digest of the request: another request needs another key. */
  readonly body: Uint8Array;
}

export interface OncePushed {
  readonly ids: PushedIds;
  /** True where an earlier push had the key: these are its ids, and nothing was pushed. */
  readonly isReplay: boolean;
}

/** A key is kept for at least this long. */
export const KEY_KEPT_MS = DAY_MS;

export interface PushKeyStore {
  /**
   * The ids of the push that had this key, once they are on disk; null: none had it.
   *
   * @throws TqError "invalid" where that was another request.
   */
  find(key: PushKey): Promise<PushedIds | null>;
  /** Pushes, unless a push had this key; the key is written in the same transaction. @throws as `find` and a push */
  push(tasks: readonly NewTask[], key: PushKey): Promise<OncePushed>;
  /** Deletes keys that are older than `KEY_KEPT_MS`, a slice of some ms. @returns true where more is to be done. */
  tidy(now: number): Promise<boolean>;
}

export function keyTaken(key: string): TqError {
  const why = "another push came with it; give each push a key of its own";
  return new TqError("invalid", `Cannot push with the key ${quote(key)}: ${why}`);
}
