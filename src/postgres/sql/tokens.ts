/** Keeps the tokens of the admin API. */
import {
  type NamedToken,
  type Role,
  type StoredToken,
  tokenTaken,
  unknownToken,
} from "../../store/tokens.ts";
import type { Connection } from "../connection.ts";

interface Row {
  readonly name: string;
  readonly roles: string;
  readonly created_at: number;
}

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
  return (await db.all<Row>(LIST)).map(read);
}

export async function findToken(db: Connection, digest: Uint8Array): Promise<StoredToken | null> {
  const row = await db.get<Row>(FIND, [digest]);
  return row && read(row);
}

export async function addToken(
  db: Connection,
  { name, roles }: NamedToken,
  digest: Uint8Array,
  now: number,
): Promise<StoredToken> {
  const row = await db.get<Row>(ADD, [digest, name, roles.join(" "), now]);
  if (row === null) throw tokenTaken(name);
  return read(row);
}

export async function removeToken(db: Connection, name: string): Promise<StoredToken> {
  const row = await db.get<Row>(REMOVE, [name]);
  if (row !== null) return read(row);
  const names = (await listTokens(db)).map((token) => token.name);
  throw unknownToken(name, names);
}

function read({ name, roles, created_at }: Row): StoredToken {
  return { name, roles: roles.split(" ") as Role[], created_at };
}
