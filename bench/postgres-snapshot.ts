/**
 * Claims and finishes a backlog on PostgreSQL while a transaction elsewhere, such as a dump, keeps dead rows from being
 * cleaned up: the rate of the last tenth beside that of the first. A claim that began at the head of its index would pass
 * over all that was run before it.
 */
import { monotonicNow } from "../src/clock.ts";
import { PostgresStore } from "../src/postgres/store.ts";
import { type PostgresServer, startPostgres } from "../test/support/postgres-server.ts";
import { measure, progress } from "./support/measure.ts";
import { rateRow } from "./support/row.ts";
import type { Pair } from "./support/statistics.ts";

const CLAIM = 100;

await measure(async (bench) => {
  const tasks = bench.tasks ?? bench.pick(400_000, 50_000);
  const rounds = bench.rounds ?? bench.pick(3, 1);
  const server = await startPostgres();
  const pairs: Pair[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const pair = await drainBesideSnapshot(server, `round_${round}`, tasks);
      progress(
        `round ${round} of ${rounds}: last tenth ${Math.round(pair.tq)}/s, first ${Math.round(pair.raw)}/s`,
      );
      pairs.push(pair);
    }
  } finally {
    await server.stop();
  }
  const notes = { tasks, rounds, connections: 2, claim: CLAIM, rawIs: "the first tenth" };
  const words = "PostgreSQL: the last tenth of a drain beside a snapshot (raw: the first)";
  return [rateRow({ measure: words, unit: "/s", notes }, pairs, 0.75)];
});

async function drainBesideSnapshot(
  server: PostgresServer,
  name: string,
  tasks: number,
): Promise<Pair> {
  await using admin = new Bun.SQL(server.url("postgres"), { max: 1 });
  await admin.unsafe(`CREATE DATABASE ${name}`);
  await using sql = new Bun.SQL(server.url(name), { max: 1 });
  const stores = [1, 2].map(() => new PostgresStore({ url: server.url(name), folder: "/" }));
  await stores[0]?.ready();
  await sql.unsafe(`
    INSERT INTO tq.task (enqueued_at, deadline, "user", priority, state, queue, model, method, instances, args, context)
    SELECT 1, n, 0, 0, 'ready', 'default', 'probe', 'noop', '[1]', '[]', '{}' FROM generate_series(1, ${tasks}) AS n`);
  await sql.unsafe("VACUUM ANALYZE tq.task");
  await sql.unsafe("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM tq.task LIMIT 1").simple();
  /** When each tenth was done. */
  const tenths = [monotonicNow()];
  let done = 0;
  const ended = (count: number) => {
    done += count;
    while (done >= (tasks / 10) * tenths.length) tenths.push(monotonicNow());
  };
  await Promise.all(stores.map((store, thread) => drain(store, thread, ended)));
  await Promise.all(stores.map((store) => store.close()));
  const rate = (tenth: number) =>
    tasks / 10 / (((tenths[tenth] ?? NaN) - (tenths[tenth - 1] ?? NaN)) / 1_000);
  return { tq: rate(10), raw: rate(1) };
}

/** Claims tasks, and finishes them with the next claim, until none is left. */
async function drain(
  store: PostgresStore,
  thread: number,
  ended: (count: number) => void,
): Promise<void> {
  const session = store.session();
  const claim = { owner: { worker: "bench", thread }, queues: ["default"], limit: CLAIM };
  for (;;) {
    const tasks = await session.commit({ handBack: [], claim });
    if (tasks.length === 0) break;
    await session.begin();
    for (const task of tasks) session.finishAtCommit(task, null, null);
    ended(tasks.length);
  }
  await store.release(session);
}
