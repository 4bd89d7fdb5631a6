/** Keeps how a backup went, beside making it. */
import type { Database } from "bun:sqlite";
import { messageOf } from "../errors.ts";
import type { Backup, BackupEnd } from "../store/backup.ts";
import type { Store } from "../store/store.ts";
import { type BackupPlace, backUp, checkPlace } from "./file/backup-folder.ts";

/** A backup waits for so long until the database knows of it. */
const PATIENCE_MS = 1_000;

type Remembering = Pick<Store, "after" | "condition">;

/** A name that nobody can have meant is told to the caller alone: no copy was begun. */
export async function backUpAndRemember(
  place: BackupPlace,
  store: Remembering,
  withConnection: (make: (db: Database) => Promise<Backup>) => Promise<Backup>,
): Promise<Backup> {
  checkPlace(place);
  try {
    const made = await withConnection(async (db) => backUp(db, place));
    await remember(made, store);
    return made;
  } catch (error) {
    await remember({ reason: messageOf(error) }, store);
    throw error;
  }
}

/**
 * A backup does not fail because nobody will know of it. Where the caller has a transaction open, or another program
 * does, it is kept after that.
 */
async function remember(end: BackupEnd, store: Remembering): Promise<void> {
  const late = Promise.withResolvers<void>();
  const forget = store.after(PATIENCE_MS, late.resolve);
  const kept = store.condition.rememberBackup(end).catch(() => {});
  await Promise.race([kept, late.promise]);
  forget();
}
