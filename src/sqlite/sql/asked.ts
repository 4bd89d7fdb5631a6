/**
 * Definitions of settings files that the database keeps, as alerts and webhooks: a file asks for each of its own, and one
 * stays as long as any file asks for it.
 */
import type { Database } from "bun:sqlite";

interface AskedTables {
  /** The definitions. The table of the files that ask for them has the same name and `_origin`. */
  readonly definitions: string;
  /** Rows of a definition, which go with it. */
  readonly rows: string;
  /** The column that names a definition, in all three. */
  readonly key: string;
}

/** The statements and what they do; the names are written by tq alone. */
export function askedDefinitions({ definitions, rows, key }: AskedTables) {
  const origins = `${definitions}_origin`;
  const isUnasked = `${key} NOT IN (SELECT ${key} FROM ${origins})`;
  const ask = `INSERT INTO ${origins} (origin, ${key}) VALUES ($origin, $key) ON CONFLICT DO NOTHING`;
  const withdraw = `
    DELETE FROM ${origins}
     WHERE origin = $origin AND ${key} NOT IN (SELECT value FROM json_each($keys))`;
  const drop = `DELETE FROM ${definitions} WHERE ${isUnasked}`;
  const forget = `DELETE FROM ${rows} WHERE ${isUnasked}`;
  const asked = `SELECT ${key} FROM ${origins} WHERE origin = $origin`;
  return {
    ask(db: Database, origin: string, name: string): void {
      db.query(ask).run({ origin, key: name });
    },

    /** Withdraws the others that a file has asked for, and drops those that none asks for any more. */
    keepOnly(db: Database, origin: string, names: readonly string[]): void {
      // Workers without a file may each have other settings: none of them drops what another one wants.
      if (origin === "") return;
      db.query(withdraw).run({ origin, keys: JSON.stringify(names) });
      db.query(drop).run();
      db.query(forget).run();
    },

    /** True where a file has not asked for exactly these. */
    isNew(db: Database, origin: string, names: readonly string[]): boolean {
      const known = new Set((db.query(asked).values({ origin }) as [string][]).flat());
      if (!names.every((name) => known.has(name))) return true;
      return origin !== "" && known.size > names.length;
    },
  };
}
