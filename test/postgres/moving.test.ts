/** A queue that moves from a file to PostgreSQL and back is the same, to the last row. */
import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { moveDatabase, openStore } from "../../src/open-store.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { MOVED_TABLES } from "../../src/store/moving.ts";
import { makeFolder } from "../support/folder.ts";
import { makeEmpty } from "./empty.ts";
import { needs } from "../support/needs.ts";
import { makePostgresDatabase } from "../support/postgres.ts";
import { claimFirst, makeStore, newTask, OWNER, pushOne } from "../support/store.ts";
import { sentenceOf } from "../support/error.ts";

const onPostgres: ReturnType<typeof needs>["test"] = (name, run, timeout) =>
  needs("postgres").test(name, run, timeout);

/** A file has no table of ends: moving-webhooks tests these. */
const OWN = MOVED_TABLES.filter((name) => name !== "webhook_end");

const settings = (database: Record<string, unknown>) => parseSettings({ database }, "test");

/** A file with tasks in all states, their history, a recurring task, pauses, and tables of models. */
async function fill(path: string): Promise<void> {
  await using made = makeStore({ path });
  const { store, clock } = made;
  const text = "é😀 \" \\ ' \n \u007f";
  await store.push([
    newTask({ args: JSON.stringify([text, 0.1, 1e300, { a: null }]), ref: text, user: 7 }),
    newTask({ priority: -3, queue: "größe", policy: '{"attempts":3}' }),
    newTask({ scheduledAt: clock.now() + 60_000, expectedAt: clock.now() + 70_000 }),
    newTask({ expiresAt: clock.now() + 99_000, context: '{"language":"fr"}' }),
  ]);
  const error = { name: "Error", message: text, stack: "at 7", code: 42 };
  await store.write(async (session) => {
    const [first, second] = await session.claim({ owner: OWNER, queues: [], limit: 2 });
    if (!first || !second) throw new Error("two tasks are ready");
    await session.settle(first, { kind: "finished", result: '{"x":1}', reason: null });
    await session.keepOutput(first.id, 1, '{"at":1,"level":"info","text":"said"}\n');
    await session.settle(second, { kind: "retry", error, delay: 5_000 });
  });
  await pushOne(store);
  const claimed = await claimFirst(store);
  await store.write((session) =>
    session.settle(claimed, { kind: "failed", error: { ...error, code: "E1" } }),
  );
  await store.cancel(await pushOne(store), "no more");
  await store.pauses.pause({ kind: "queue", name: "mail*", by: "me", reason: text, until: null });
  await store.cron.followZone("worker-1", "Europe/Paris");
  await store.redactions.declare(["card"], { card: { charge: ["pin", 1] } });
  using db = new Database(path);
  db.run(
    "CREATE TABLE sale (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, price NUMERIC, big INTEGER, raw BLOB)",
  );
  const insert = db.query("INSERT INTO sale (name, price, big, raw) VALUES (?, ?, ?, ?)");
  insert.run(text, 0.1 + 0.2, 9007199254740993n, new Uint8Array([0, 255, 7]));
  insert.run(null, 1e300, -9223372036854775808n, null);
  db.run("INSERT INTO sale DEFAULT VALUES");
  db.run("DELETE FROM sale WHERE id = 3");
}

/** All rows that move, and the numbers of ids, as SQLite writes them. */
function rowsOf(path: string) {
  using db = new Database(path, { safeIntegers: true });
  const tables = [...OWN.map((name) => `tq__${name}`), "sale"];
  const rows = tables.map((name) => {
    const columns = db.query(`PRAGMA table_info(${name})`).all() as { name: string }[];
    const moved = columns.filter((one) => one.name !== "id" || name !== "tq__output");
    const list = moved.map((one) => `"${one.name}"`).join(", ");
    const all = db.query(`SELECT ${list} FROM ${name}`).values();
    return [name, all.toSorted((a, b) => (Bun.inspect(a) < Bun.inspect(b) ? -1 : 1))];
  });
  const ids = db
    .query("SELECT name, seq FROM sqlite_sequence WHERE seq > 0 ORDER BY name")
    .values();
  return { rows: Object.fromEntries(rows) as Record<string, unknown[][]>, ids };
}

onPostgres(
  "a queue moves to PostgreSQL and back without a change",
  async () => {
    using folder = makeFolder();
    await using database = await makePostgresDatabase();
    const [from, back] = [folder.file("tq.db"), folder.file("back.db")];
    await fill(from);
    const before = rowsOf(from);
    for (const name of ["task", "error", "attempt", "output", "pause", "redaction", "cron_zone"]) {
      expect(before.rows[`tq__${name}`]?.length).toBeGreaterThan(0); // else it proves nothing
    }

    const moved = await moveDatabase(settings({ path: from }), database.url, []);
    expect(moved).toMatchObject({ tasks: 6, tables: { sale: 2 }, left: [] });
    expect(await sentenceOf(async () => openStore(settings({ path: from })))).toContain(
      `tq migrate --to has moved its queue to ${moved.to}`,
    );
    const [first] = await database.run("SELECT * FROM sale ORDER BY id");
    expect(first).toMatchObject({ price: 0.1 + 0.2, big: "9007199254740993" });
    const store = openStore(settings({ url: database.url }));
    expect(await store.get(1)).toMatchObject({ state: "finished", user: 7 });
    await store.close();

    await moveDatabase(settings({ url: database.url }), back, []);
    expect(rowsOf(back)).toEqual(before);
    const again = openStore(settings({ url: database.url }));
    expect(await sentenceOf(() => again.get(1))).toContain(`has moved its queue to ${back}`);
    await again.close();
  },
  30_000,
);

onPostgres(
  "a database that a queue has left takes it back once the way that the refusal says is gone",
  async () => {
    using folder = makeFolder();
    await using database = await makeEmpty();
    const [from, back] = [folder.file("tq.db"), folder.file("back.db")];
    await fill(from);
    const before = rowsOf(from);
    await moveDatabase(settings({ path: from }), database.url, []);
    await moveDatabase(settings({ url: database.url }), back, []);
    const again = () => moveDatabase(settings({ path: back }), database.url, []);
    const sentence = await sentenceOf(again);
    expect(sentence).toMatch(
      /^Cannot move into \S+: its queue has moved to \S+back.db, and what it had until then is still there; name an empty database, or keep a dump of this one \(pg_dump\) and make room: /,
    );
    const way = sentence.slice(sentence.indexOf("make room: ") + "make room: ".length);
    expect(way).toBe('DROP SCHEMA tq CASCADE; DROP VIEW IF EXISTS tq_push; DROP TABLE "sale"');
    await database.run(way);
    expect(await again()).toMatchObject({ tasks: 6, tables: { sale: 2 } });
    const last = folder.file("last.db");
    await moveDatabase(settings({ url: database.url }), last, []);
    expect(rowsOf(last)).toEqual(before);
  },
  30_000,
);

onPostgres("ids go on after those that were given, in both directions", async () => {
  using folder = makeFolder();
  await using database = await makePostgresDatabase();
  const path = folder.file("tq.db");
  await fill(path);
  await moveDatabase(settings({ path }), database.url, []);
  const store = openStore(settings({ url: database.url }));
  expect(await store.push([newTask()])).toEqual([7]);
  await store.close();
  const [row] = await database.run("INSERT INTO sale (name) VALUES ('new') RETURNING id");
  expect(row).toEqual({ id: "4" });
});

const REFUSED: [what: string, change: string, sentence: string][] = [
  [
    "a table that tq did not make",
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(20))",
    "tq did not make its table customers (its column name is VARCHAR(20)); move them yourself, and say --leave customers",
  ],
  [
    "text with a NUL",
    "UPDATE sale SET name = 'a' || char(0) || 'b' WHERE id = 1",
    "Cannot move the column name of the table sale: its text in the row 1 has a NUL",
  ],
  [
    "text in a column of numbers",
    "UPDATE sale SET price = 'free' WHERE id = 2",
    "Cannot move the table sale: PostgreSQL takes a value of it not",
  ],
];

for (const [what, change, sentence] of REFUSED) {
  onPostgres(`refuses ${what}, and moves nothing`, async () => {
    using folder = makeFolder();
    await using database = await makePostgresDatabase();
    const path = folder.file("tq.db");
    await fill(path);
    using db = new Database(path);
    db.run(change);
    db.close();
    const config = settings({ path });
    expect(await sentenceOf(() => moveDatabase(config, database.url, []))).toContain(sentence);
    expect(await database.run("SELECT count(*)::int AS tasks FROM tq.task")).toEqual([
      { tasks: 0 },
    ]);
    expect(await database.run("SELECT to_regclass('sale')::text AS sale")).toEqual([
      { sale: null },
    ]);
    const store = openStore(config); // is not refused
    expect(await store.list()).toHaveLength(6);
    await store.close();
  });
}

onPostgres(
  "a queue that has moved takes no push any more, by SQL or by a program that is connected",
  async () => {
    using folder = makeFolder();
    await using database = await makePostgresDatabase();
    const path = folder.file("tq.db");
    await fill(path);
    await moveDatabase(settings({ path }), database.url, []);
    const pushed = "INSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '7')";
    using db = new Database(path);
    expect(() => db.run(pushed)).toThrow(
      "tq migrate --to has moved this queue to another database",
    );
    const connected = openStore(settings({ url: database.url }));
    await connected.push([newTask()]);
    await moveDatabase(settings({ url: database.url }), folder.file("back.db"), []);
    expect(await sentenceOf(() => connected.push([newTask()]))).toContain(
      "has moved this queue to",
    );
    expect(await sentenceOf(() => database.run(pushed))).toContain("has moved this queue to");
    await connected.close();
  },
);

onPostgres("columns keep their defaults, and what tq does not make is named", async () => {
  using folder = makeFolder();
  await using database = await makePostgresDatabase();
  const [path, back] = [folder.file("tq.db"), folder.file("back.db")];
  await fill(path);
  using db = new Database(path);
  db.run(
    "CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, n NUMERIC DEFAULT 1.5, t TEXT DEFAULT 'it''s')",
  );
  db.run("CREATE UNIQUE INDEX item_t ON item (t)");
  db.run(
    "CREATE TABLE other (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (length(name) < 5))",
  );
  db.run("CREATE VIEW names AS SELECT name FROM sale");
  db.close();
  const moved = await moveDatabase(settings({ path }), database.url, []);
  expect(moved.not_made).toEqual([
    "the index item_t of item",
    "the constraints of other (NOT NULL, CHECK)",
    "the view names",
  ]);
  await database.run("INSERT INTO item DEFAULT VALUES");
  expect(await database.run("SELECT n, t FROM item")).toEqual([{ n: 1.5, t: "it's" }]);
  await database.run("CREATE INDEX item_n ON item (n)");
  const again = await moveDatabase(settings({ url: database.url }), back, []);
  expect(again.not_made).toEqual(["the index item_n of item"]);
  using file = new Database(back);
  file.run("INSERT INTO item DEFAULT VALUES");
  expect(file.query("SELECT n, t FROM item WHERE id = 2").get()).toEqual({ n: 1.5, t: "it's" });
});

onPostgres("leaves the tables behind that it is told to", async () => {
  using folder = makeFolder();
  await using database = await makePostgresDatabase();
  const path = folder.file("tq.db");
  await fill(path);
  using db = new Database(path);
  db.run("CREATE TABLE customers (name VARCHAR(20))");
  db.close();
  const moved = await moveDatabase(settings({ path }), database.url, ["customers", "sale"]);
  expect(moved).toMatchObject({ tables: {}, left: ["customers", "sale"] });
});

onPostgres("moves neither into a queue in use nor into a file that is there", async () => {
  using folder = makeFolder();
  await using database = await makePostgresDatabase();
  const path = folder.file("tq.db");
  await fill(path);
  const store = openStore(settings({ url: database.url }));
  await store.push([newTask()]);
  const config = settings({ path });
  expect(await sentenceOf(() => moveDatabase(config, database.url, []))).toContain(
    "there is a queue already, and it has 1 tasks; name an empty database",
  );
  await store.close();
  const other = settings({ url: database.url });
  expect(await sentenceOf(() => moveDatabase(other, path, []))).toContain(
    "there is a file already",
  );
});

onPostgres("a move into a file that fails leaves no file", async () => {
  using folder = makeFolder();
  await using database = await makePostgresDatabase();
  await database.run("CREATE TABLE public.odd (id bigint PRIMARY KEY, at timestamptz)");
  const store = openStore(settings({ url: database.url }));
  await store.push([newTask()]);
  await store.close();
  const config = settings({ url: database.url });
  expect(await sentenceOf(() => moveDatabase(config, folder.file("new.db"), []))).toContain(
    "its column at is timestamp with time zone",
  );
  expect(existsSync(join(folder.path, "new.db"))).toBe(false);
  expect(readdirSync(folder.path)).toEqual([]);
});
