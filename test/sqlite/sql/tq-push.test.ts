/** The way in and the views, with the clients that people have: Debian's sqlite3 shell and Python's sqlite3. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { claimFirst, makeStore, type TestStore } from "../../support/store.ts";
import { systemClock } from "../../../src/clock.ts";
import { CLIENTS } from "./client-process.ts";

for (const client of CLIENTS) {
  client.needs.describe(`tq_push from ${client.name}`, () => {
    let subject: TestStore;
    beforeAll(() => {
      subject = makeStore({ clock: systemClock });
    });
    afterAll(() => subject[Symbol.asyncDispose]());
    beforeEach(() => {
      const db = new Database(subject.path);
      db.run("DELETE FROM tq__task");
      db.close();
    });

    const run = (sql: string) => client.run(subject.path, sql);

    function insert(columns: Record<string, string>): string {
      const all = { model: "'sale'", method: "'process'", instances: "'[7]'", ...columns };
      return `INSERT INTO tq_push (${Object.keys(all).join(", ")}) VALUES (${Object.values(all).join(", ")});\n`;
    }

    /** Pushes with these columns, given as SQL; returns the stored task. */
    async function push(columns: Record<string, string>) {
      const { err } = await run(insert(columns));
      const [task] = await subject.store.list({ limit: 1 });
      return { err, task };
    }

    test("fills what is left out", async () => {
      const before = Date.now();
      const { err, task } = await push({});
      expect(err).toBe("");
      expect(task).toMatchObject({
        state: "ready",
        queue: "default",
        priority: 0,
        model: "sale",
        method: "process",
        instances: [7],
        args: [],
        user: 0,
        context: {},
        ref: null,
        scheduled_at: null,
        expected_at: null,
        attempts: 0,
      });
      expect(task?.enqueued_at).toBeWithin(before - 2, Date.now() + 2);
      const claimed = await claimFirst(subject.store);
      expect(claimed).toMatchObject({
        id: task?.id as number,
        deadline: task?.enqueued_at as number,
      });
    });

    test("takes every column", async () => {
      const { err, task } = await push({
        instances: "7",
        args: `' [1, "é😀\\u0000"] '`,
        user: "4",
        context: `'{"language": "fr"}'`,
        queue: "'größe'",
        priority: "-3",
        ref: "'it''s mine'",
        scheduled_at: "4102444800000",
        expected_at: "4102444800001",
      });
      expect(err).toBe("");
      expect(task).toMatchObject({
        state: "scheduled",
        instances: 7,
        args: [1, "é😀\0"],
        user: 4,
        context: { language: "fr" },
        queue: "größe",
        priority: -3,
        ref: "it's mine",
        scheduled_at: 4102444800000,
        expected_at: 4102444800001,
      });
    });

    test("passes kwargs as one last argument, and empty ones not at all", async () => {
      expect((await push({ args: "'[1]'", kwargs: `'{"a": [2]}'` })).task?.args).toEqual([
        1,
        { a: [2] },
      ]);
      expect((await push({ kwargs: `'{"a": 2}'` })).task?.args).toEqual([{ a: 2 }]);
      expect((await push({ args: "'[1]'", kwargs: "' { } '" })).task?.args).toEqual([1]);
    });

    test.each([
      ["'+5 minutes'", 300_000],
      ["'5 minutes'", 300_000],
      ["'-1 hour'", -3_600_000],
      ["'+00:10'", 600_000],
      ["'now'", 0],
    ])("takes a time from now on: %s", async (text, ms) => {
      const before = Date.now() + ms;
      const { err, task } = await push({ scheduled_at: text, expected_at: text });
      expect(err).toBe("");
      expect(task?.scheduled_at).toBeWithin(before - 2, Date.now() + ms + 2);
      expect(task?.expected_at).toBe(task?.scheduled_at as number);
      expect(task?.state).toBe(ms > 0 ? "scheduled" : "ready");
    });

    test.each([
      ["'2100-01-01 10:30Z'", "2100-01-01T10:30:00Z"],
      ["'2100-01-01T10:30:00.250z'", "2100-01-01T10:30:00.250Z"],
      ["'2100-01-01T10:30:00+02:00'", "2100-01-01T08:30:00Z"],
      ["'2100-01-01 10:30-02:00 '", "2100-01-01T12:30:00Z"],
      ["datetime('2100-01-01 10:00', '+30 minutes') || 'Z'", "2100-01-01T10:30:00Z"],
    ])("takes an absolute time: %s", async (text, iso) => {
      const { err, task } = await push({ scheduled_at: text });
      expect(err).toBe("");
      expect(task?.scheduled_at).toBe(Date.parse(iso));
    });

    test("refuses a date without a zone: SQLite's functions write it in UTC, people in local time", async () => {
      const dates = [
        "'2100-01-01'",
        "'2100-01-01 10:30'",
        "datetime('now', '+5 minutes')",
        "date()",
      ];
      for (const column of ["scheduled_at", "expected_at"]) {
        const { err } = await run(dates.map((date) => insert({ [column]: date })).join(""));
        const said = err.split("\n").filter((line) => line.includes("tq_push"));
        const sentence = `${column} must be ms since 1970 UTC, or text like +5 minutes; a date needs a time with Z for UTC, or with an offset: 2026-12-01 07:00+01:00`;
        expect(said).toEqual(dates.map(() => expect.stringContaining(sentence)));
      }
      expect(await subject.store.list()).toEqual([]);
    });

    /** Seconds, or no time at all. */
    const NO_TIMES = ["unixepoch('now', '+1 hour')", "0", "-1", "9223372036854775807"];

    const TIMES = [
      "'1700000000000'",
      "'2460000.5'",
      "'+5'",
      "'10:30'",
      "'12:00Z'",
      "'08:00:00.000Z'",
      "'-12:00 z'",
      "'+12:00+01:00'",
      "'5m'",
      "'PT5M'",
      "'tomorrow'",
      "''",
      "1.5",
      "x'00'",
      "'-100 years'",
      "'2100-13-01'",
      "'2100-13-01 10:30Z'",
      "'start of day'",
      "'weekday 1'",
      "'localtime'",
      "'utc'",
    ];
    const REFUSED: [sentence: string, column: string, values: string[]][] = [
      ["model must be the name of a model, as text", "model", ["NULL", "''", "7", "x'61'"]],
      ["method must be the name of a method, as text", "method", ["NULL", "''", "7"]],
      [
        "instances must be JSON: an id, or a list of ids like [7, 8]",
        "instances",
        ["NULL", "'x'", "'[7'", "'{}'", "'\"7\"'", "1.5", "x'37'", "'null'", "''"],
      ],
      ["instances is an empty list: there is nothing to call the method on", "instances", ["'[]'"]],
      [
        "instances must hold ids only, as integers",
        "instances",
        [
          "'[1, \"2\"]'",
          "'[1.0]'",
          "'[[1]]'",
          "'[null]'",
          "'[9007199254740993]'",
          "'99999999999999999999'",
        ],
      ],
      ["args must be a JSON array", "args", ["'{}'", "'x'", "7", "''"]],
      ["kwargs must be a JSON object", "kwargs", ["'[]'", "'x'", "7", "''"]],
      ["context must be a JSON object", "context", ["'[]'", "'x'", "7", "''"]],
      ["user must be an integer", "user", ["'x'", "1.5"]],
      ["queue must be the name of a queue, as text", "queue", ["''", "7"]],
      ["priority must be an integer", "priority", ["'high'", "1.5"]],
      ["ref must be text", "ref", ["''", "7"]],
      ["scheduled_at must be ms since 1970 UTC, or text like +5 minutes", "scheduled_at", TIMES],
      ["scheduled_at must be ms since 1970 UTC", "scheduled_at", NO_TIMES],
      ["expected_at must be ms since 1970 UTC", "expected_at", NO_TIMES],
      [
        "context must not have queue_ keys; use the columns queue, priority, scheduled_at, expected_at, expires_at, attempts, backoff and timeout",
        "context",
        [`'{"queue_name": "mail"}'`, `'{"company": 1, "queue_priority": 7}'`],
      ],
      ["expected_at must be ms since 1970 UTC, or text like +5 minutes", "expected_at", TIMES],
    ];
    test.each(REFUSED)("says: %s", async (sentence, column, values) => {
      const { err } = await run(values.map((value) => insert({ [column]: value })).join(""));
      const said = err.split("\n").filter((line) => line.includes("tq_push"));
      expect(said).toEqual(values.map(() => expect.stringContaining(`tq_push: ${sentence}`)));
      expect(await subject.store.list()).toEqual([]);
    });

    test("refuses a day that its month does not have", async () => {
      for (const column of ["scheduled_at", "expected_at", "expires_at"]) {
        const days = ["2027-02-31 08:00+01:00", "2027-04-31T08:00Z", "2027-02-29 08:00Z"];
        const { err } = await run(days.map((day) => insert({ [column]: `'${day}'` })).join(""));
        const said = err.split("\n").filter((line) => line.includes("tq_push"));
        expect(said).toEqual(days.map(() => expect.stringContaining("its month has no such day")));
        const { err: none } = await run(insert({ [column]: "'2128-02-29 23:59:59.5-12:00'" }));
        expect(none).toBe("");
      }
      expect(await subject.store.list()).toHaveLength(3);
    });

    test("refuses a ref that is taken, whatever the statement says about conflicts", async () => {
      await push({ ref: "'r'" });
      for (const or of ["", "OR REPLACE", "OR IGNORE"]) {
        const { err } = await run(
          `INSERT ${or} INTO tq_push (model, method, instances, ref) VALUES ('sale', 'process', '[8]', 'r')`,
        );
        expect(err).toContain("tq_push: ref is taken: another task has it");
      }
      expect(await subject.store.list()).toMatchObject([{ instances: [7] }]);
    });

    test("leaves nothing of a transaction that is rolled back", async () => {
      const { out, err } = await run(
        "BEGIN;\nINSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '[7]');\nSELECT count(*) FROM tq_tasks;\nROLLBACK;\nSELECT count(*) FROM tq_tasks;\n",
      );
      expect([out, err]).toEqual(["1\n0", ""]);
    });

    test("takes several rows, all or none", async () => {
      const rows = (third: string) =>
        run(
          `INSERT INTO tq_push (model, method, instances) VALUES ('a', 'm', '1'), ('b', 'm', '2'), ('c', 'm', ${third})`,
        );
      expect((await rows("'x'")).err).toContain("instances must be JSON");
      expect(await subject.store.list()).toEqual([]);
      expect((await rows("'3'")).err).toBe("");
      expect((await subject.store.list()).map(({ model }) => model)).toEqual(["c", "b", "a"]);
    });

    test("takes ten thousand rows of a SELECT", async () => {
      const { out, err } = await run(
        "INSERT INTO tq_push (model, method, instances, user) SELECT 'sale', 'process', json_array(value), value FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 10000) SELECT value FROM n);\nSELECT count(*), min(user), max(user) FROM tq_tasks",
      );
      expect([out, err]).toEqual(["10000|1|10000", ""]);
    });

    test("the views can be read, and nothing else", async () => {
      await push({});
      const views = ["tq_tasks", "tq_errors", "tq_workers", "tq_queues", "tq_push"];
      const counts = await run(views.map((view) => `SELECT count(*) FROM ${view};\n`).join(""));
      expect(counts).toEqual({ out: "1\n0\n0\n1\n0", err: "" });
      const columns = await run("SELECT queue, scheduled, ready, running, failed FROM tq_queues");
      expect(columns.out).toBe("default|0|1|0|0");
      const changes = [
        ...views.map((view) => `DELETE FROM ${view};\n`),
        "UPDATE tq_tasks SET state = 'finished';\n",
        "UPDATE tq_push SET model = 'x';\n",
        "INSERT INTO tq_tasks (model) VALUES ('x');\n",
      ];
      const { err } = await run(changes.join(""));
      expect(err.match(/cannot modify tq_/g)).toHaveLength(changes.length);
    });

    test("the whole file passes its integrity check", async () => {
      await push({});
      expect((await run("PRAGMA integrity_check")).out).toBe("ok");
    });
  });
}

test("a schema that a hardened client distrusts still takes pushes", async () => {
  await using subject = makeStore();
  const db = new Database(subject.path);
  db.run("PRAGMA trusted_schema = OFF");
  db.run(
    "INSERT INTO tq_push (model, method, instances, scheduled_at) VALUES ('sale', 'process', '[7]', '+1 hour')",
  );
  db.close();
  expect(await subject.store.list()).toHaveLength(1);
});
