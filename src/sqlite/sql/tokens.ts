/** Keeps the tokens of the admin API. */
import type { Database } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import { quote } from "../../quote.ts";
import type { NamedToken, Role, StoredToken } from "../../store/tokens.ts";
import { didYouMean } from "../../suggest.ts";

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
  const why = "there is one already; tq token remove takes it away";
  throw new TqError("conflict", `Cannot add the token ${quote(name)}: ${why}`);
}

export function removeToken(db: Database, name: string): StoredToken {
  const row = db.query(REMOVE).get(name) as Row | null;
  if (row !== null) return read(row);
  const names = listTokens(db).map((token) => token.name);
  const hint = didYouMean(name, names) || "; tq token list shows those there are";
  throw new TqError("not_found", `Cannot remove the token ${quote(name)}: there is none${hint}`);
}

function read({ name, roles, created_at }: Row): StoredToken {
  return { name, roles: roles.split(" ") as Role[], created_at };
}
