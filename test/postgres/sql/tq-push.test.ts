/** The way in and the views on PostgreSQL, with the clients that people have, as a role that may push and look alone. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Task } from "../../../src/task.ts";
import { makePostgres, type TestPostgres } from "../../support/postgres.ts";
import { systemClock } from "../../../src/clock.ts";
import { needs } from "../../support/needs.ts";
import { CLIENTS } from "./client-process.ts";

const NEEDS: Record<(typeof CLIENTS)[number]["name"], ReturnType<typeof needs>> = {
  psql: needs("postgres", "psql"),
  psycopg2: needs("postgres", "psycopg2"),
  psycopg: needs("postgres", "psycopg"),
  "the cursor of trytond": needs("postgres", "trytond"),
  "PHP's PDO": needs("postgres", "php", "pdo_pgsql"),
};

const VIEWS = ["tq_tasks", "tq_errors", "tq_queues", "tq_workers"];

/** Made by the first client of this process. */
const MAKE_ROLE = `DO $$ BEGIN CREATE ROLE shop LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;

for (const client of CLIENTS) {
  NEEDS[client.name].describe(`tq_push on PostgreSQL from ${client.name}`, () => {
    let subject: TestPostgres;
    beforeAll(async () => {
      subject = await makePostgres({ clock: systemClock });
      await subject.database.run(MAKE_ROLE);
      await subject.database.run("GRANT INSERT, SELECT ON tq_push TO shop");
      await subject.database.run(`GRANT SELECT ON ${VIEWS.join(", ")} TO shop`);
    });
    afterAll(() => subject[Symbol.asyncDispose]());
    beforeEach(() => subject.database.run("DELETE FROM tq.task"));

    const run = (sql: string) =>
      client.run({ ...subject.database.environment, PGUSER: "shop" }, sql);

    function insert(columns: Record<string, string>): string {
      const all = { model: "'sale'", method: "'process'", instances: "'[7]'", ...columns };
      return `INSERT INTO tq_push (${Object.keys(all).join(", ")}) VALUES (${Object.values(all).join(", ")}) RETURNING id;\n`;
    }

    /** Pushes with these columns, given as SQL; returns the stored task. */
    async function push(columns: Record<string, string>) {
      const { out, err } = await run(insert(columns));
      const task: Task | null = err === "" ? await subject.store.get(Number(out)) : null;
      return { err, task };
    }

    const count = async () =>
      Number((await subject.database.run("SELECT count(*) AS tasks FROM tq.task"))[0]?.["tasks"]);

    test("fills what is left out, and returns the id", async () => {
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
    });

    test("takes every column", async () => {
      const { err, task } = await push({
        instances: "7",
        args: `' [1, "é😀\\u0000"] '`,
        kwargs: `'{"a": [2]}'`,
        '"user"': "4",
        context: `'{"language": "fr"}'`,
        queue: "'größe'",
        priority: "-3",
        ref: "'it''s mine'",
        scheduled_at: "4102444800000",
        expected_at: "4102444800001",
        expires_at: "timestamptz '2100-01-02 00:00Z'",
        attempts: "4",
        backoff: `'["10s", "PT5M"]'`,
        timeout: "'1h30m'",
      });
      expect(err).toBe("");
      expect(task).toMatchObject({
        state: "scheduled",
        instances: 7,
        args: [1, "é😀\0", { a: [2] }],
        user: 4,
        context: { language: "fr" },
        queue: "größe",
        priority: -3,
        ref: "it's mine",
        scheduled_at: 4102444800000,
        expected_at: 4102444800001,
        expires_at: Date.parse("2100-01-02T00:00Z"),
        policy: { attempts: 4, backoff: ["10s", "PT5M"], timeout: "1h30m" },
      });
    });

    test("takes a plain function, json and a list that SQL has made", async () => {
      expect((await push({ method: "NULL", instances: "NULL" })).task).toMatchObject({
        method: "call",
        instances: [],
      });
      expect((await push({ instances: "json_build_array(7, 8)" })).task?.instances).toEqual([7, 8]);
      expect((await push({ kwargs: "json_build_object('a', 2)" })).task?.args).toEqual([{ a: 2 }]);
      expect((await push({ args: "'[1]'", kwargs: "' { } '" })).task?.args).toEqual([1]);
      expect((await push({ expires_at: "'none'" })).task?.policy).toEqual({ expires: "none" });
    });

    test.each([
      ["'+5 minutes'", 300_000],
      ["'5 minutes'", 300_000],
      ["'-1 hour'", -3_600_000],
      ["'+00:10'", 600_000],
      ["'now'", 0],
      ["now() + interval '1 hour'", 3_600_000],
    ])("takes a time from now on: %s", async (text, ms) => {
      const before = Date.now() + ms;
      const { err, task } = await push({ scheduled_at: text });
      expect(err).toBe("");
      expect(task?.scheduled_at).toBeWithin(before - 1000, Date.now() + ms + 2);
      expect(task?.state).toBe(ms > 0 ? "scheduled" : "ready");
    });

    test.each([
      ["'2100-01-01 10:30Z'", "2100-01-01T10:30:00Z"],
      ["'2100-01-01T10:30:00.250z'", "2100-01-01T10:30:00.250Z"],
      ["'2100-01-01T10:30:00+02:00'", "2100-01-01T08:30:00Z"],
      ["'2100-01-01 10:30-02:00 '", "2100-01-01T12:30:00Z"],
      ["timestamptz '2100-01-01 10:30+02'", "2100-01-01T08:30:00Z"],
    ])("takes an absolute time: %s", async (text, iso) => {
      const { err, task } = await push({ scheduled_at: text });
      expect(err).toBe("");
      expect(task?.scheduled_at).toBe(Date.parse(iso));
    });

    test.each(["German", "SQL, DMY", "Postgres, MDY", "ISO, DMY"])(
      "takes the times of a session that writes them as %s",
      async (style) => {
        const set = `SET datestyle = '${style}';\n`;
        const { out, err } = await run(
          set + insert({ scheduled_at: "timestamptz '2100-02-01 10:30Z'" }),
        );
        expect(err).toBe("");
        const task = await subject.store.get(Number(out));
        expect(task?.scheduled_at).toBe(Date.parse("2100-02-01T10:30Z"));
      },
    );

    const TIMES = [
      "'2460000.5'",
      "'+5'",
      "'10:30'",
      "'5m'",
      "'tomorrow'",
      "''",
      "'infinity'",
      "'-100 years'",
      "'99999999999 years'",
      "'2100-13-01 10:30Z'",
      "'2100-01-01'",
      "'2100-01-01 10:30'",
      "'2027-02-31 08:00+01:00'",
      "0",
      "-1",
      "9223372036854775807",
      "99999999999999999999",
    ];
    const REFUSED: [sentence: string, column: string, values: string[]][] = [
      ["model must be the name of a model, as text", "model", ["NULL", "''"]],
      ["model must be text of 1 to 1000 characters", "model", ["repeat('😀', 1001)"]],
      ["method must be the name of a method, as text", "method", ["NULL", "''"]],
      [
        "instances must be JSON: an id, or a list of ids like [7, 8]",
        "instances",
        ["NULL", "'x'", "'[7'", "'{}'", "'\"7\"'", "1.5", "'null'", "''", "'1e3'"],
      ],
      ["instances is an empty list: there is nothing to call the method on", "instances", ["'[]'"]],
      [
        "instances must hold ids only, as integers",
        "instances",
        ["'[1, \"2\"]'", "'[1.0]'", "'[[1]]'", "'[9007199254740993]'", "'99999999999999999999'"],
      ],
      ["args must be a JSON array", "args", ["'{}'", "'x'", "7", "''"]],
      ["args holds a number that is too big, such as 1e999", "args", ["'[{\"a\": [1e999]}]'"]],
      ["kwargs must be a JSON object", "kwargs", ["'[]'", "'x'", "7", "''"]],
      ["context must be a JSON object", "context", ["'[]'", "'x'", "7", "''"]],
      ["context must not have queue_ keys", "context", [`'{"a": 1, "queue_name": "mail"}'`]],
      ["queue must be the name of a queue, as text", "queue", ["''"]],
      ["id comes from tq: leave it out", "id", ["7"]],
      ["ref must be text", "ref", ["''", "repeat('r', 1001)"]],
      ["user must be an integer from 0", '"user"', ["-1", "9007199254740992"]],
      ["priority must be an integer from", "priority", ["9007199254740992"]],
      ["scheduled_at must be ms since 1970 UTC, or text like +5 minutes", "scheduled_at", TIMES],
      ["expected_at must be ms since 1970 UTC, or text like +5 minutes", "expected_at", TIMES],
      ["expires_at must be ms since 1970 UTC, text like +5 minutes, or none", "expires_at", TIMES],
      ["expires_at must be later than scheduled_at, and than now", "expires_at", ["'-1 second'"]],
      ["attempts must be an integer from 1 to 1000000", "attempts", ["0", "1000001"]],
      [
        "timeout must be text: a length of time",
        "timeout",
        ["'30'", "'-5s'", "'9ms'", "'21d'", "'P1M'", "''", "'1s1h'"],
      ],
      ["backoff must be text: exponential", "backoff", ["'quadratic'", "''", "'[1'"]],
      ["backoff must be a list of 1 to 1000 lengths", "backoff", ["'[]'", "'[1]'"]],
      [
        "backoff must be a rule like",
        "backoff",
        [`'{"kind": "x"}'`, `'{"factor": "2"}'`, `'{"jitter": 2}'`, `'{"k": 1}'`],
      ],
      ["backoff must have lengths of time", "backoff", ["'366d'", `'["1x"]'`, `'{"first": "1"}'`]],
    ];
    test.each(REFUSED)("says: %s", async (sentence, column, values) => {
      const { err } = await run(values.map((value) => insert({ [column]: value })).join(""));
      const said = err.split("\n").filter((line) => line.includes("tq_push"));
      expect(said).toEqual(values.map(() => expect.stringContaining(`tq_push: ${sentence}`)));
      expect(await count()).toBe(0);
    });

    test("refuses a ref that is taken, whatever the statement says about conflicts", async () => {
      await push({ ref: "'r'" });
      const again =
        "INSERT INTO tq_push (model, method, instances, ref) VALUES ('s', 'm', '8', 'r')";
      const { err } = await run(`${again};\n${again} ON CONFLICT DO NOTHING;\n`);
      expect(err).toContain("tq_push: ref is taken: another task has it");
      expect(await count()).toBe(1);
    });

    test("takes several rows, all or none, in the client's own transaction", async () => {
      const rows = (third: string) =>
        run(
          `INSERT INTO tq_push (model, method, instances) VALUES ('a', 'm', '1'), ('b', 'm', ${third});\n`,
        );
      expect((await rows("'x'")).err).toContain("instances must be JSON");
      expect(await count()).toBe(0);
      expect((await rows("'3'")).err).toBe("");
      expect(await count()).toBe(2);
    });

    test("takes ten thousand rows of a SELECT", async () => {
      const { err } = await run(
        "INSERT INTO tq_push (model, method, instances, \"user\") SELECT 'sale', 'process', json_build_array(n), n FROM generate_series(1, 10000) AS n;\n",
      );
      expect(err).toBe("");
      const { out } = await run('SELECT count(*), min("user"), max("user") FROM tq_tasks;\n');
      expect(out).toBe("10000|1|10000");
    });

    test("the role reaches nothing but the views, and changes none", async () => {
      await push({});
      const counts = await run(
        [...VIEWS, "tq_push"].map((view) => `SELECT count(*) FROM ${view};\n`).join(""),
      );
      expect(counts).toEqual({ out: "1\n0\n1\n0\n0", err: "" });
      const others = [
        "SELECT * FROM tq.task;\n",
        "SELECT tq.hold(true);\n",
        "DELETE FROM tq_tasks;\n",
        "UPDATE tq_tasks SET state = 'finished';\n",
        "DELETE FROM tq_push;\n",
        "INSERT INTO tq_tasks (model) VALUES ('x');\n",
        "SELECT * FROM tq_attempts;\n",
        "CREATE TABLE tq.mine ();\n",
      ];
      const { err } = await run(others.join(""));
      expect(err.match(/permission denied/g)).toHaveLength(others.length);
      expect(await count()).toBe(1);
    });

    test("its owner cannot change a view either", async () => {
      await push({});
      const changes = [
        ...[...VIEWS, "tq_push"].map((view) => `DELETE FROM ${view};\n`),
        "UPDATE tq_tasks SET state = 'failed' WHERE id = -1;\n",
        "UPDATE tq_push SET queue = 'x';\n",
      ];
      const { err } = await client.run(subject.database.environment, changes.join(""));
      expect(err.match(/cannot modify tq_/g)).toHaveLength(changes.length);
    });
  });
}
