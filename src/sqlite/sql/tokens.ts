/** Keeps the tokens of the admin API. */
import type { Database } from "bun:sqlite";
import {
  type NamedToken,
  type Role,
  type StoredToken,
  tokenTaken,
  unknownToken,
} from "../../store/tokens.ts";

interface Row {
  readonly name: string;
  readonly roles: string;
  readonly created_at: number;
}

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
  return (db.query(LIST).all() as Row[]).map(read);
}

export function findToken(db: Database, digest: Uint8Array): StoredToken | null {
  const row = db.query(FIND).get(digest) as Row | null;
  return row && read(row);
}

export function addToken(
  db: Database,
  { name, roles }: NamedToken,
  digest: Uint8Array,
  now: number,
): StoredToken {
  const row = db.query(ADD).get({ digest, name, roles: roles.join(" "), now }) as Row | null;
  if (row !== null) return read(row);
  throw tokenTaken(name);
}

export function removeToken(db: Database, name: string): StoredToken {
  const row = db.query(REMOVE).get(name) as Row | null;
  if (row !== null) return read(row);
  throw unknownToken(
    name,
    listTokens(db).map((token) => token.name),
  );
}

function read({ name, roles, created_at }: Row): StoredToken {
  return { name, roles: roles.split(" ") as Role[], created_at };
}
