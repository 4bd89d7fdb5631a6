/**
 * Definitions of settings files that the database keeps, as alerts and webhooks: a file asks for each of its own, and one
 * stays as long as any file asks for it.
 */
import type { Connection } from "../connection.ts";

interface AskedTables {
  /** The definitions. The table of the files that ask for them has the same name and `_origin`. */
  readonly definitions: string;
  /** Tables with rows of a definition, which go with it. */
  readonly rows: readonly string[];
  /** The column that names a definition, in all of them. */
  readonly key: string;
}

/** The statements and what they do; the names are written by tq alone. Others that change them must be locked out. */
export function askedDefinitions({ definitions, rows, key }: AskedTables) {
  const origins = `${definitions}_origin`;
  const ask = `
    INSERT INTO ${origins} (origin, ${key}) VALUES ($1::text, $2::text) ON CONFLICT DO NOTHING`;
  const withdraw = `
    DELETE FROM ${origins} WHERE origin = $1::text AND NOT ${key} = ANY ($2::text[])`;
  const drops = [definitions, ...rows].map(
    (table) => `DELETE FROM ${table} WHERE ${key} NOT IN (SELECT ${key} FROM ${origins})`,
  );
  const asked = `SELECT ${key} AS key FROM ${origins} WHERE origin = $1::text`;
  return {
    async ask(db: Connection, origin: string, name: string): Promise<void> {
      await db.run(ask, [origin, name]);
    },

    /** Withdraws the others that a file has asked for, and drops those that none asks for any more. */
    async keepOnly(db: Connection, origin: string, names: readonly string[]): Promise<void> {
      // Workers without a file may each have other settings: none of them drops what another one wants.
      if (origin === "") return;
      const sent = [db.run(withdraw, [origin, names]), ...drops.map((drop) => db.run(drop))];
      await Promise.all(sent);
    },

    /** True where a file has not asked for exactly these. */
    async isNew(db: Connection, origin: string, names: readonly string[]): Promise<boolean> {
      const rows = await db.all<{ readonly key: string }>(asked, [origin]);
      const known = new Set(rows.map((row) => row.key));
      if (!names.every((name) => known.has(name))) return true;
      return origin !== "" && known.size > names.length;
    },
  };
}
