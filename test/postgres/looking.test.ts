/** What only PostgreSQL can break of looks: plans, JSON that it refuses, and several writers of one row. */
import { expect, test } from "bun:test";
import type { PathCondition, ReadFilter } from "../../src/store/looking.ts";
import { MEASURES, RUN_ENDS, SeriesCounts } from "../../src/statistics/counts.ts";
import { outputLine } from "../../src/store/task-output.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { needs } from "../support/needs.ts";
import { claim, newTask, OWNER, pushOne } from "../support/store.ts";
import { until } from "../support/until.ts";

const MINUTE = 60_000;

/** Finished, ready, scheduled and failed tasks, the ready ones last: by SQL, as pushing them takes longer. */
async function fill({ database }: TestPostgres, count: number): Promise<void> {
  await database.run(`
    INSERT INTO tq.task (state, queue, priority, deadline, model, method, instances, args, "user", context, enqueued_at,
                         scheduled_at, finished_at, reason, ref)
    SELECT state, 'q' || n % 3, n % 5, n, 'sale', 'process', '[]', '[{"n":' || n || '}]', 0, '{}', n,
           CASE state WHEN 'scheduled' THEN 4000000000000 + n END,
           CASE WHEN state IN ('finished', 'failed') THEN n END,
           CASE state WHEN 'failed' THEN 'Error: it broke' END, 'ref-' || n
      FROM (SELECT n, CASE WHEN n < ${count} * 0.8 THEN 'finished' WHEN n < ${count} * 0.85 THEN 'scheduled'
                           WHEN n < ${count} * 0.9 THEN 'failed' ELSE 'ready' END AS state
              FROM generate_series(1, ${count}) AS n) AS made`);
}

async function idsOf({ store }: TestPostgres, filter: ReadFilter): Promise<number[]> {
  return (await store.list(filter)).map(({ id }) => id);
}

const inArgs = (condition: Omit<PathCondition, "root">): ReadFilter => ({
  where: [{ root: "args", ...condition }],
});

needs("postgres").describe("looks on PostgreSQL", () => {
  test("read no table of tasks as a whole, though the server knows nothing of it", async () => {
    await using subject = await makePostgres();
    await fill(subject, 20_000);
    const scans = async () => {
      const [row] = await subject.database.run(
        "SELECT seq_scan::float8 AS whole, idx_scan::float8 AS indexed FROM pg_stat_user_tables WHERE relid = 'tq.task'::regclass",
      );
      return row as { readonly whole: number; readonly indexed: number };
    };
    await subject.database.run("SELECT pg_stat_force_next_flush()"); // what this connection has scanned before
    const before = await scans();
    const looking = subject.open();
    const filters: ReadFilter[] = [
      {},
      { states: ["failed"] },
      { states: ["ready"], queue: "q1" },
      { states: ["scheduled", "running"] },
      { ref: "ref-5" },
      { refStarts: "ref-77" },
      { endedAfter: 15_000 },
      { error: "Error: it broke" },
      { queue: "q*", user: 0 },
    ];
    for (const filter of filters) {
      expect((await looking.list(filter)).length).toBeGreaterThan(0);
      await looking.countBefore(filter, 19_999);
    }
    await Array.fromAsync(looking.matching({ states: ["failed"] }));
    await Array.fromAsync(looking.recount());
    await looking.status();
    await looking.waiting();
    await looking.working();
    await looking.situation({ id: 19_999 });
    await looking.standings([1, 2, 3]);
    await looking.lastPushedBefore(10_000);
    await looking.condition.waitingCalls();
    await looking.condition.latestTime();
    await looking.condition.lastEnd();
    await looking.condition.oldestReady(["q0", "q1"]);
    await looking.statistics.measure(["q0", "q1"]);
    await looking.close(); // its scans are counted then
    await until(async () => expect((await scans()).indexed).toBeGreaterThan(before.indexed + 100));
    expect((await scans()).whole).toBe(before.whole);
  });

  test("find nothing in JSON that the server cannot read, and what is beside it", async () => {
    await using subject = await makePostgres();
    const { store, database } = subject;
    const ids = await store.push(Array.from({ length: 8 }, () => newTask()));
    const [
      damaged = 0,
      huge = 0,
      hopeless = 0,
      nul = 0,
      escaped = 0,
      deep = 0,
      object = 0,
      plain = 0,
    ] = ids;
    const set = (id: number | undefined, args: string) =>
      database.run(`UPDATE tq.task SET args = $x$${args}$x$ WHERE id = ${id}`);
    await set(damaged, '[{"a":5}');
    await set(huge, '[{"a":1e400}]');
    await set(hopeless, '[{"a":5,"b":1e999999}]');
    await set(nul, String.raw`[{"a":"x\u0000\u0000y"}]`);
    await set(escaped, String.raw`[{"a":"x\\u0000y"}]`);
    await set(deep, "[".repeat(100_000));
    await set(object, '{"a":5}');
    await set(plain, '[{"a":5}]');
    expect(await idsOf(subject, inArgs({ path: ["a"], isOneOf: ["5"] }))).toEqual([plain]);
    expect(await idsOf(subject, inArgs({ path: ["a"], isOneOf: ["1e400"] }))).toEqual([huge]);
    expect(await idsOf(subject, inArgs({ path: ["a"], isOneOf: ["1e999999"] }))).toEqual([]);
    expect(await idsOf(subject, inArgs({ path: ["a"], has: "X" }))).toEqual([escaped, nul]);
    const literal = [String.raw`"x\\u0000y"`];
    expect(await idsOf(subject, inArgs({ path: ["a"], isOneOf: literal }))).toEqual([escaped]);
    expect(await idsOf(subject, { argsHave: "y" })).toEqual([escaped, nul]);
    expect(await idsOf(subject, { argsHave: String.raw`\u0000` })).toEqual([escaped, nul]);
  });

  test("find nothing by text that the server cannot have", async () => {
    await using subject = await makePostgres();
    await pushOne(subject.store, { queue: "a" });
    for (const text of ["a\0b", "\ud800"]) {
      const filters: ReadFilter[] = [
        { queue: text },
        { queue: `${text}*` },
        { ref: text },
        { refStarts: text },
        { argsHave: text },
        { reasonHas: text },
        { states: ["ready"], queue: text },
        inArgs({ path: [text], isOneOf: ["1"] }),
        inArgs({ path: [0], has: text }),
      ];
      for (const filter of filters) {
        expect(await idsOf(subject, filter)).toEqual([]);
        expect(await subject.store.countBefore(filter, 99)).toMatchObject({ count: 0 });
      }
      expect(await subject.store.getByRef(text)).toBeNull();
    }
  });

  test("list large tasks in parts of about a megabyte, each once", async () => {
    await using subject = await makePostgres();
    const { store } = subject;
    const args = JSON.stringify(["x".repeat(300_000)]);
    const ids = await store.push(Array.from({ length: 9 }, () => newTask({ args })));
    const parts = await Array.fromAsync(store.parts());
    expect(parts.map(({ found }) => found.length)).toEqual([4, 4, 1, 0]);
    expect(parts.flatMap(({ found }) => found.map(({ id }) => id))).toEqual(ids.toReversed());
  });

  test("show what a run says while it goes on, and no more once its claim was lost", async () => {
    await using subject = await makePostgres();
    const { store, database, clock } = subject;
    await store.push([newTask(), newTask()]);
    const [first, second] = await claim(store, { limit: 2 });
    if (!first || !second) throw new Error("Not two tasks were claimed");
    const at = clock.now();
    const progress = { at, done: 3, total: 7, text: "invoices" };
    const line = { at, level: "info" as const, text: "it's begun" };
    const text = `${outputLine(line)}${outputLine(progress)}`.replaceAll("'", "''");
    await database.run(`
      INSERT INTO tq.live_output (worker, thread, task, attempt, claim, text)
      VALUES ('${OWNER.worker}', ${OWNER.thread}, ${second.id}, 1, ${second.claim}, '${text}')`);
    expect(await store.output(second.id)).toMatchObject([{ attempt: 1, lines: [line], progress }]);
    const ids = [first.id, second.id];
    const standings = await store.standings(ids, new Set(ids));
    expect(standings.toSorted((a, b) => a.id - b.id)).toMatchObject([
      { progress: null },
      { progress },
    ]);
    expect((await store.working()).threads).toMatchObject([
      { ...OWNER, task: { id: second.id }, isSure: true, others: 1, progress },
    ]);
    const situation = await store.situation({ id: second.id });
    expect(situation?.run).toMatchObject({ isHeard: true, progress, lastLine: line, others: 1 });
    await store.cancel(second.id);
    expect((await store.output(second.id))[0]?.lines).toEqual([line]); // its thread may still say more
    await store.retry(second.id);
    await claim(store, { limit: 2 });
    expect(await store.output(second.id)).toEqual([]);
    expect((await store.standings([second.id], new Set(ids)))[0]?.progress).toBeNull();
  });

  test("count queues of many and of few tasks, and of thousands of queues", async () => {
    await using subject = await makePostgres();
    const { store, database } = subject;
    const ready = (queues: string) => `
      INSERT INTO tq.task (state, queue, priority, deadline, model, method, instances, args, "user", context, enqueued_at)
      SELECT 'ready', queue, 0, n, 'sale', 'process', '[]', '[]', 0, '{}', n FROM (${queues}) AS made`;
    await database.run(ready("SELECT 'large' AS queue, n FROM generate_series(1, 60000) AS n"));
    await database.run(ready("SELECT 'some' AS queue, n FROM generate_series(1, 1500) AS n"));
    await database.run(ready("SELECT 'q' || n AS queue, n FROM generate_series(1, 2500) AS n"));
    const of = async (name: string) =>
      (await store.status()).queues.find(({ queue }) => queue === name);
    expect(await of("some")).toMatchObject({ ready: 1_500 });
    expect(await of("some")).not.toHaveProperty("least");
    expect(await of("q2500")).toMatchObject({ ready: 1 });
    expect(await of("large")).toMatchObject({ ready: 50_000, least: ["ready"] });
    const changed = await Array.fromAsync(store.recount());
    expect(changed.filter(Boolean)).toHaveLength(1);
    expect(await of("large")).toMatchObject({ ready: 60_000, about: { ready: store.now() } });
    await database.run("SELECT pg_stat_force_next_flush()"); // or it tells seconds later what it has written
    const version = await store.countsVersion();
    expect(version).toBeGreaterThan(60_000);
    await store.cron.rows();
    expect(await store.countsVersion()).toBe(version);
    expect((await store.status()).queues).toHaveLength(2_502);
    expect((await Array.fromAsync(store.recount())).filter(Boolean)).toEqual([]);
  });
});

needs("postgres").describe("statistics on PostgreSQL", () => {
  test("lose nothing where many workers add to the same rows at once", async () => {
    await using subject = await makePostgres();
    const stores = Array.from({ length: 8 }, () => subject.open());
    const at = Math.floor(subject.clock.now() / MINUTE) * MINUTE;
    const counts = new SeriesCounts();
    for (const method of ["process", "ship"]) {
      const of = counts.of({ queue: "mail", model: "sale", method });
      of.ends.finished = 3;
      of.measures.wait.add(5);
    }
    const workers = stores.map((_, n) => `w${n}`);
    await subject.database.run(`
      INSERT INTO tq.worker (id, pid, threads, started_at, host, boot_id, queues, application, pid_space)
      SELECT 'w' || n, 1, 1, 0, '', '', '[]', '', '' FROM generate_series(0, 7) AS n`);
    await Promise.all(
      stores.map(async (store, n) => {
        for (let number = 1; number <= 5; number++) {
          const part = { worker: workers[n] as string, number, at, counts };
          await Promise.all([store.statistics.add(part), store.statistics.add(part)]);
        }
      }),
    );
    for (const by of ["method", "queue", "all"] as const) {
      for (const longest of [MINUTE, 24 * 60 * MINUTE]) {
        const found = new SeriesCounts();
        const query = { since: 0, until: Infinity, by, longest };
        await subject.store.statistics.sum(query, (row) => found.of(row));
        const all = [...found].map(([, one]) => one);
        expect(all).toHaveLength(by === "method" ? 2 : 1);
        expect(all.reduce((sum, { ends }) => sum + ends.finished, 0)).toBe(8 * 5 * 2 * 3);
        expect(all.reduce((sum, { measures }) => sum + measures.wait.count, 0)).toBe(8 * 5 * 2);
      }
    }
    const totals = new SeriesCounts();
    await subject.store.statistics.totals((series) => totals.of(series));
    expect([...totals].map(([, { ends }]) => ends.finished)).toEqual([120, 120]);
    expect([RUN_ENDS.length, MEASURES.length]).toEqual([8, 4]); // the columns of the table
  });
});
