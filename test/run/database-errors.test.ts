/** Which errors of a run put its task off: those of the store's own database, and no others. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Model, type Queue, TqError, Transaction } from "../../src/index.ts";
import { makeRuntime, onSqlite } from "../model/support.ts";

let during: () => unknown = () => undefined;

class Job extends Model {
  declare static readonly __queue__: Queue<typeof Job>;
  static override readonly __name__ = "job";
  static readonly tasks = { outside: { transaction: false } };
  static async work(_jobs: Job[]) {
    return during();
  }
  static async outside(_jobs: Job[]) {
    return Transaction.start({}, async () => during());
  }
}

const SETTINGS = { settings: { database: { retry: 0 } }, late: false };

/** SQLite's own limit: a write beyond it meets SQLITE_FULL, as on a full disk. */
const FILL = "PRAGMA max_page_count = 1";
const WRITE = "CREATE TABLE filler AS SELECT zeroblob(1000000) AS data";

function fill(db: Database): void {
  db.run(FILL);
  db.run(WRITE);
}

const FULL: Record<string, () => unknown> = {
  "through the connection": () => fill(Transaction.current.database),
  "through a statement of the connection": () => {
    const { database } = Transaction.current;
    database.run(FILL);
    database.prepare(WRITE).run();
  },
  "through a transaction of the connection": () => {
    const { database } = Transaction.current;
    database.transaction(() => fill(database))();
  },
  "through sql": async () => {
    const { sql } = Transaction.current;
    await sql.unsafe(FILL);
    await sql.unsafe(WRITE);
  },
  "wrapped by an ORM": () => {
    try {
      fill(Transaction.current.database);
    } catch (cause) {
      throw new Error("the query failed", { cause });
    }
  },
};

for (const [how, meet] of Object.entries(FULL)) {
  onSqlite("its limit of pages is SQLite's").test(
    `a task whose SQL meets a full database ${how} is tried again later`,
    async () => {
      await using tq = makeRuntime(SETTINGS);
      during = meet;
      const [alone = 0, outside = 0, batched = 0] = [
        ...(await Job.__queue__.work([1])),
        ...(await Job.__queue__.outside([1])),
        ...(await Job.__queue__.work([1])),
      ];
      expect(await tq.runTask(alone)).toMatchObject({ state: "scheduled" });
      expect(await tq.runTask(outside)).toMatchObject({ state: "scheduled" });
      expect(await tq.runBatch([batched])).toMatchObject([{ state: "scheduled" }]);
    },
  );
}

const OWN: Record<string, () => unknown> = {
  "a TqError of its own": () => {
    throw new TqError("busy", "the printer is busy");
  },
  "SQL that is wrong": () => Transaction.current.database.run("SELEC 1"),
  "another file that is full": () => {
    using other = new Database(":memory:");
    fill(other);
  },
};

for (const [what, meet] of Object.entries(OWN)) {
  test(`a task that meets ${what} fails: only errors of tq's own database put it off`, async () => {
    await using tq = makeRuntime(SETTINGS);
    during = meet;
    const [id = 0] = await Job.__queue__.work([1]);
    expect(await tq.runTask(id)).toMatchObject({ state: "failed" });
  });
}
