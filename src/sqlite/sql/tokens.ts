/** Keeps the tokens of the admin API. */
import type { Database } from "bun:sqlite";
import {
  type NamedToken,
  type StoredToken,
  type TokenRow,
  tokenTaken,
  toToken,
  unknownToken,
} from "../../store/tokens.ts";

const SHOWN = "name, roles, created_at";
const LIST = `SELECT ${SHOWN} FROM tq__token ORDER BY name`;
const FIND = `SELECT ${SHOWN} FROM tq__token WHERE digest = ?`;

const ADD = `
  INSERT INTO tq__token (digest, name, roles, created_at)
  VALUES ($digest, $name, $roles, $now)
  ON CONFLICT DO NOTHING
  RETURNING ${SHOWN}`;

const REMOVE = `DELETE FROM tq__token WHERE name = ? RETURNING ${SHOWN}`;

export function listTokens(db: Database): StoredToken[] {
  return (db.query(LIST).all() as TokenRow[]).map(toToken);
}

export function findToken(db: Database, digest: Uint8Array): StoredToken | null {
  const row = db.query(FIND).get(digest) as TokenRow | null;
  return row && toToken(row);
}

export function addToken(
  db: Database,
  { name, roles }: NamedToken,
  digest: Uint8Array,
  now: number,
): StoredToken {
  const row = db.query(ADD).get({ digest, name, roles: roles.join(" "), now }) as TokenRow | null;
  if (row !== null) return toToken(row);
  throw tokenTaken(name);
}

export function removeToken(db: Database, name: string): StoredToken {
  const row = db.query(REMOVE).get(name) as TokenRow | null;
  if (row !== null) return toToken(row);
  throw unknownToken(
    name,
    listTokens(db).map((token) => token.name),
  );
}
