/** Tells the backups of a database from those of another one that began as a copy of it. */
import type { Database } from "bun:sqlite";
import { realpathSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** Two databases with the same path on two machines are two places. */
export function placeOf(database: string): string {
  return `${hostname()}:${join(realpathSync(dirname(database)), basename(database))}`;
}

const SHARE = "SELECT share FROM tq__share";

/** The number that a database has drawn once: its copies have it too, and what was restored from one anywhere. */
export function shareOf(db: Database): number | null {
  return (db.query(SHARE).get() as { share: number } | null)?.share ?? null;
}

const IDENTITY = "SELECT number FROM tq__identity";

/** @throws SQLite's error where the schema is an older one */
export function identityOf(db: Database): number | null {
  return (db.query(IDENTITY).get() as { number: number } | null)?.number ?? null;
}

const SET_IDENTITY = "UPDATE tq__identity SET number = ?";
const NEW_IDENTITY = "UPDATE tq__identity SET number = random() >> 11";

/** @param identity null: one that no other database has */
export function setIdentity(db: Database, identity: number | null): void {
  if (identity === null) db.run(NEW_IDENTITY);
  else db.query(SET_IDENTITY).run(identity);
}

const MARK = "INSERT INTO tq__copy (made_at, place) VALUES (?, ?)";
const FORGET_MARKS = "DELETE FROM tq__copy";
const PLACES = "SELECT place FROM tq__copy ORDER BY rowid";

/** Call it in a copy that was made of the database. */
export function mark(copy: Database, now: number, database: string): void {
  copy.query(MARK).run(now, placeOf(database));
}

export function forgetMarks(db: Database): void {
  db.run(FORGET_MARKS);
}

/** The places of the databases that it was copied from, one after the other; none of a database in use. */
export function placesOf(db: Database): readonly string[] {
  return (db.query(PLACES).values() as [string][]).map(([place]) => place);
}

/** Which database a backup is of: one that `cp` has put elsewhere has the same number, and another place. */
export interface Origin {
  readonly identity: number | null;
  /** Null: no backup, but a database in use, which a person has copied. */
  readonly place: string | null;
}

/** @throws SQLite's error where the schema is an older one */
export function originOf(backup: Database): Origin {
  return { identity: identityOf(backup), place: placesOf(backup).at(-1) ?? null };
}
