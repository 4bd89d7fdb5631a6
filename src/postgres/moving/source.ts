/** A PostgreSQL database that moves into a file: nobody else changes its queue meanwhile. */
import { TqError } from "../../errors.ts";
import {
  type Counts,
  type MovedRow,
  type MoveSource,
  type UnmovableTable,
  withPatterns,
} from "../../store/moving.ts";
import type { ColumnValue, Table } from "../../store/records.ts";
import type { Connection } from "../connection.ts";
import type { PostgresOptions } from "../options.ts";
import { identifier } from "../sql/table.ts";
import { lock, markDatabase } from "../locks.ts";
import { isLost } from "../errors.ts";
import { countAllNoted } from "../sql/noted-failures.ts";
import { ofNamesLike } from "../sql/patterns.ts";
import { settleEnds } from "../sql/webhooks.ts";
import { checkKnown, findSchema } from "../migrate.ts";
import { PostgresStore } from "../store.ts";
import { openAlone } from "./connection.ts";
import { countRows, extrasOf, lastIds, nameOf, ONLY_HERE, userTables } from "./tables.ts";

const ROWS_AT_ONCE = 1_000;

const WORKERS = "SELECT id, host, pid FROM tq.worker ORDER BY id";

const QUEUE = "tq.task";

/** Programs that are connected, and plain SQL: what they wrote here would be lost. */
function refuse(table: string): string {
  const events = table === QUEUE ? "INSERT OR UPDATE" : "INSERT OR UPDATE OR DELETE OR TRUNCATE";
  return `CREATE TRIGGER moved_away BEFORE ${events} ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION tq.refuse_moved()`;
}

const COLUMNS = `
  SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
   WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`;

export class PostgresMoveSource implements MoveSource {
  readonly name: string;
  readonly mark: number;
  readonly tables: readonly Table[];
  readonly unmovable: readonly UnmovableTable[];
  readonly #db: Connection;
  #refusing: readonly string[] = [];

  private constructor(
    name: string,
    db: Connection,
    mark: number,
    user: { tables: readonly Table[]; unmovable: readonly UnmovableTable[] },
  ) {
    this.name = name;
    this.mark = mark;
    this.#db = db;
    ({ tables: this.tables, unmovable: this.unmovable } = user);
  }

  /** @throws TqError "conflict" while a worker is registered */
  static async open(options: PostgresOptions, maxCrashes: number): Promise<PostgresMoveSource> {
    const store = new PostgresStore({ ...options, needsTables: true });
    const { name } = store;
    try {
      await store.rescueDead(maxCrashes);
    } finally {
      await store.close();
    }
    const db = await openAlone(options, name);
    try {
      checkKnown((await findSchema(db, name)).version, name); // what is newer would be left behind
      await db.command("BEGIN");
      await lock(db, "webhooks");
      await db.command("LOCK TABLE tq.task, tq.worker, tq.cron IN ACCESS EXCLUSIVE MODE");
      const [worker] = await db.all<{ id: string; host: string; pid: number }>(WORKERS);
      if (!worker) {
        await countAllNoted(db); // a file has no table for failures that are not counted yet
        await settleEnds(db);
        return new PostgresMoveSource(name, db, await markDatabase(db), await userTables(db));
      }
      throw new TqError(
        "conflict",
        `Cannot move ${name}: worker ${worker.id} (pid ${worker.pid} on ${worker.host}) lives; stop it first`,
      );
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  extras(tables: readonly string[]): Promise<readonly string[]> {
    return extrasOf(this.#db, tables);
  }

  count(table: string, isOwn: boolean): Promise<Counts> {
    return countRows(this.#db, table, isOwn);
  }

  async *rows(table: string, isOwn: boolean): AsyncGenerator<readonly MovedRow[], void> {
    const name = nameOf(table, isOwn);
    const all = await this.#db.all<{ name: string; type: string }>(COLUMNS, [name]);
    const columns = all.filter((column) => !isOwn || ONLY_HERE[table]?.[column.name] === undefined);
    const selected = columns
      .map(({ name: one, type }) => {
        const column = identifier(one);
        return isOwn && type === "text[]" ? `to_json(${column})::text AS ${column}` : column;
      })
      .join(", ");
    await this.#db.command(`DECLARE tq_moved NO SCROLL CURSOR FOR SELECT ${selected} FROM ${name}`);
    try {
      for (;;) {
        const rows = await this.#db.all<Record<string, unknown>>(
          `FETCH ${ROWS_AT_ONCE} FROM tq_moved`,
        );
        if (rows.length === 0) return;
        yield rows.map((row) => {
          const all = columns.map(({ name: one, type }) => [one, moved(row[one], type)] as const);
          const plain: MovedRow = Object.fromEntries(all);
          return isOwn ? neutral(plain, table) : plain;
        });
      }
    } finally {
      await this.#db.command("CLOSE tq_moved").catch(() => {}); // after an error that ends the move, which is thrown
    }
  }

  lastIds(): Promise<ReadonlyMap<string, number>> {
    return lastIds(this.#db);
  }

  async leave(target: string, tables: readonly string[]): Promise<void> {
    await this.#db.run("UPDATE tq.schema SET moved_to = $1::text", [target]);
    this.#refusing = [QUEUE, ...tables.map(identifier)];
    await this.#db.command(this.#refusing.map(refuse).join("; "));
    try {
      await this.#db.command("COMMIT");
    } catch (error) {
      throw isLost(error) ? this.#mayRefuse(error) : error;
    }
  }

  async stay(): Promise<void> {
    try {
      await this.#db.command(this.#admitAgain);
    } catch (error) {
      throw this.#mayRefuse(error);
    }
  }

  get #admitAgain(): string {
    const admit = this.#refusing.map((table) => `DROP TRIGGER moved_away ON ${table}`);
    return [...admit, "UPDATE tq.schema SET moved_to = NULL"].join("; ");
  }

  /** The error of a move that has failed, and may have left this database as one that has moved. */
  #mayRefuse(cause: unknown): TqError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new TqError(
      "uncertain",
      `Cannot move ${this.name}: nothing was moved, but it may refuse programs now as if it had (${reason}). If it does, run there: ${this.#admitAgain}`,
      { cause },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.close();
  }
}

function neutral(row: MovedRow, table: string): MovedRow {
  return withPatterns(row, table, (likes) => JSON.stringify(likes.map(ofNamesLike))) as MovedRow;
}

/** The driver gives whole numbers of 64 bits as text. */
function moved(value: unknown, type: string): ColumnValue {
  if (type === "bigint" && typeof value === "string") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : BigInt(value);
  }
  if (typeof value === "boolean") return value ? 1 : 0;
  return value as ColumnValue;
}
