/** The upkeep of a database that the server does not do by itself soon enough. */
import { oldSnapshotWords } from "../../store/snapshot-words.ts";
import type { Tidied } from "../../store/store.ts";
import type { Access } from "../access.ts";
import { readSnapshotHolder } from "./server-condition.ts";

/** A worker asks for a VACUUM itself where more rows than these are dead. */
const MANY_DEAD = 100_000;

/** A worker asks for none within this many seconds of the last one. */
const LONG_AGO_S = 30;

const STATE = `
  SELECT s.n_dead_tup > ${MANY_DEAD}
           AND coalesce(greatest(s.last_vacuum, s.last_autovacuum) < clock_timestamp() - interval '${LONG_AGO_S} s', true)
           AND pg_has_role(c.relowner, 'USAGE') AS wanted,
         s.n_dead_tup::float8 AS dead
    FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
   WHERE s.schemaname = 'tq' AND s.relname = 'task'`;

/** It waits for nobody, and leaves the end of the file alone: cutting it off would lock out all others. */
const VACUUM = "VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON, TRUNCATE OFF) tq.task";

/** Asks for a VACUUM where many rows are dead, and says who keeps dead rows from being cleaned up. */
export async function tidy({ brief, read }: Pick<Access, "brief" | "read">): Promise<Tidied> {
  const state = await brief((db) => db.get<{ wanted: boolean; dead: number }>(STATE));
  if (state?.wanted) await read((db) => db.command(VACUUM));
  const isMuch = (state?.dead ?? 0) > MANY_DEAD;
  const holder = isMuch ? await read(readSnapshotHolder) : null;
  const words = holder && oldSnapshotWords(holder);
  return { more: false, note: words && `${words.message}; ${words.advice}` };
}
