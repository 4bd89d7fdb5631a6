/** Keeps the tokens of the admin API. */
import {
  type NamedToken,
  type StoredToken,
  type TokenRow,
  tokenTaken,
  toToken,
  unknownToken,
} from "../../store/tokens.ts";
import type { Connection } from "../connection.ts";

const SHOWN = "name, roles, created_at::float8 AS created_at";
const LIST = `SELECT ${SHOWN} FROM tq.token ORDER BY name`;
const FIND = `SELECT ${SHOWN} FROM tq.token WHERE digest = $1::bytea`;

const ADD = `
  INSERT INTO tq.token (digest, name, roles, created_at)
  VALUES ($1::bytea, $2::text, $3::text, $4::bigint)
  ON CONFLICT DO NOTHING
  RETURNING ${SHOWN}`;

const REMOVE = `DELETE FROM tq.token WHERE name = $1::text RETURNING ${SHOWN}`;

export async function listTokens(db: Connection): Promise<StoredToken[]> {
  return (await db.all<TokenRow>(LIST)).map(toToken);
}

export async function findToken(db: Connection, digest: Uint8Array): Promise<StoredToken | null> {
  const row = await db.get<TokenRow>(FIND, [digest]);
  return row && toToken(row);
}

export async function addToken(
  db: Connection,
  { name, roles }: NamedToken,
  digest: Uint8Array,
  now: number,
): Promise<StoredToken> {
  const row = await db.get<TokenRow>(ADD, [digest, name, roles.join(" "), now]);
  if (row === null) throw tokenTaken(name);
  return toToken(row);
}

export async function removeToken(db: Connection, name: string): Promise<StoredToken> {
  const row = await db.get<TokenRow>(REMOVE, [name]);
  if (row !== null) return toToken(row);
  const names = (await listTokens(db)).map((token) => token.name);
  throw unknownToken(name, names);
}
