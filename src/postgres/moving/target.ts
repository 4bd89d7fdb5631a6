/** A PostgreSQL database without a queue, which one moves into, in one transaction. */
import { TqError } from "../../errors.ts";
import {
  type Counts,
  type MovedRow,
  type MoveSource,
  type MoveTarget,
  type OwnTable,
  withPatterns,
} from "../../store/moving.ts";
import type { ColumnValue, Table } from "../../store/records.ts";
import type { Connection } from "../connection.ts";
import { isMarked } from "../locks.ts";
import type { PostgresOptions } from "../options.ts";
import { isOfValue } from "../error-states.ts";
import { isLost, uncertainError } from "../errors.ts";
import { migrateInside, movedTo } from "../migrate.ts";
import { namesLike } from "../sql/patterns.ts";
import { identifier, makeTable } from "../sql/table.ts";
import { databaseName } from "../../values/database-url.ts";
import { openAlone } from "./connection.ts";
import { countRows, giveIdsAfter, nameOf, ONLY_HERE, userTables } from "./tables.ts";

const IN_USE = `
  SELECT (SELECT count(*) FROM tq.task)::float8 AS tasks, (SELECT count(*) FROM tq.worker)::float8 AS workers`;

export class PostgresMoveTarget implements MoveTarget {
  readonly name: string;
  readonly #db: Connection;

  private constructor(name: string, db: Connection) {
    this.name = name;
    this.#db = db;
  }

  /** @throws TqError "conflict" where there is a queue in use, "invalid" where that is the one which is to move */
  static async open(
    options: PostgresOptions,
    source: Pick<MoveSource, "name" | "mark">,
  ): Promise<PostgresMoveTarget> {
    const name = databaseName(options.url);
    const db = await openAlone(options, name);
    try {
      await db.command("BEGIN");
      if (source.mark !== null && (await isMarked(db, source.mark))) {
        throw new TqError(
          "invalid",
          `Cannot move ${source.name} to ${name}: that is the same database`,
        );
      }
      await refuseLeft(db, name);
      await migrateInside(db, name);
      await db.command("LOCK TABLE tq.task, tq.worker IN ACCESS EXCLUSIVE MODE");
      const found = await db.get<{ tasks: number; workers: number }>(IN_USE);
      if (found && found.tasks + found.workers === 0) return new PostgresMoveTarget(name, db);
      const what = found?.tasks ? `it has ${found.tasks} tasks` : "a worker uses it";
      throw new TqError(
        "conflict",
        `Cannot move into ${name}: there is a queue already, and ${what}; name an empty database`,
      );
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  async makeTables(tables: readonly Table[]): Promise<void> {
    for (const table of tables) {
      await makeTable(this.#db, table);
      const row = await this.#db.get(`SELECT id FROM ${nameOf(table.name, false)} LIMIT 1`);
      if (row === null) continue;
      throw new TqError(
        "conflict",
        `Cannot move into ${this.name}: its table ${table.name} has rows already; empty it, or name an empty database`,
      );
    }
  }

  async empty(table: OwnTable): Promise<void> {
    await this.#db.run(`DELETE FROM ${nameOf(table, true)}`);
  }

  async insert(table: string, isOwn: boolean, rows: readonly MovedRow[]): Promise<void> {
    const name = nameOf(table, isOwn);
    const columns = Object.keys(rows[0] ?? {}).map(identifier);
    const added = (isOwn && ONLY_HERE[table]) || {};
    const names = [...columns, ...Object.keys(added)].join(", ");
    const values = [...columns, ...Object.values(added)].join(", ");
    try {
      await this.#db.run(
        `INSERT INTO ${name} (${names}) OVERRIDING SYSTEM VALUE
         SELECT ${values} FROM json_populate_recordset(NULL::${name}, $1::text::json)`,
        [JSON.stringify(isOwn ? rows.map((row) => withLikes(row, table)) : rows, asJson)],
      );
    } catch (error) {
      if (!isOfValue(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new TqError(
        "invalid",
        `Cannot move the table ${table}: PostgreSQL takes a value of it not (${why}); change it, or delete its row`,
        { cause: error },
      );
    }
  }

  count(table: string, isOwn: boolean): Promise<Counts> {
    return countRows(this.#db, table, isOwn);
  }

  giveIdsAfter(last: ReadonlyMap<string, number>): Promise<void> {
    return giveIdsAfter(this.#db, last);
  }

  async commit(): Promise<void> {
    try {
      await this.#db.command("COMMIT");
    } catch (error) {
      throw isLost(error) ? uncertainError(this.name, error) : error;
    }
  }

  /** The server rolls back what was not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.close();
  }
}

/** A queue that has left is still there as it was then; its tables of models may have changed since. */
async function refuseLeft(db: Connection, name: string): Promise<void> {
  const target = await movedTo(db, name);
  if (target === null) return;
  const { tables } = await userTables(db);
  const names = tables.map((table) => identifier(table.name)).join(", ");
  const drop = [
    "DROP SCHEMA tq CASCADE",
    "DROP VIEW IF EXISTS tq_push",
    ...(names === "" ? [] : [`DROP TABLE ${names}`]),
  ];
  throw new TqError(
    "conflict",
    `Cannot move into ${name}: its queue has moved to ${target}, and what it had until then is still there; name an empty database, or keep a dump of this one (pg_dump) and make room: ${drop.join("; ")}`,
  );
}

function withLikes(row: MovedRow, table: string): object {
  return withPatterns(row, table, (patterns) => patterns.map(namesLike));
}

/** Bytes as PostgreSQL writes them; numbers beyond JavaScript's, and those that JSON has not, as text. */
function asJson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `\\x${value.toHex()}`;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value as ColumnValue;
}
