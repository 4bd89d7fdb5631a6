/** Kills a worker, cuts a host off, loses packets, and then looks whether each task was done exactly once. */
import { Cluster, type ClusterOptions, until } from "./hosts-cluster.ts";
import type { Host } from "./network.ts";

const HOSTS = 4;
const ACCOUNTS = 1_000;

/** Tasks in each push, and the ms between two. */
const CHUNK = 100;
const PAUSE_MS = 250;

/** Of those, so many are slow, and take so long: each host then always runs some. */
const SLOW = 5;
const SLOW_MS = 1_000;

const CUT_MS = 10_000;
const LOSSES = 0.02;
const LOSS_MS = 10_000;

/** What is promised of a killed worker, and of a host that was cut off: ms. */
const RESCUE_KILLED_MS = 2_000;
const RESCUE_CUT_MS = 7_000;

/** A server that has been up for less is taken for one that has just come back. */
const SETTLED_MS = 11_000;

const PUSH = `
  INSERT INTO tq_push (model, method, instances, args)
  SELECT 'account', CASE WHEN n <= ${SLOW} THEN 'addSlowly' ELSE 'add' END,
         1 + floor(random() * ${ACCOUNTS})::int,
         CASE WHEN n <= ${SLOW} THEN jsonb_build_array(n, ${SLOW_MS}) ELSE jsonb_build_array(n) END
    FROM generate_series(1, ${CHUNK}) AS n`;

/** What must be 0 at the end. */
const CHECK = `
  SELECT (SELECT count(*) FROM task WHERE state <> 'finished')::float8 AS unfinished,
         (SELECT count(*) FROM task WHERE id NOT IN (SELECT task FROM entry))::float8 AS lost,
         (SELECT count(*) - count(DISTINCT task) FROM entry)::float8 AS doubled,
         (SELECT count(*) FROM entry WHERE task NOT IN (SELECT id FROM task))::float8 AS strange,
         (SELECT count(*)
            FROM account
           WHERE balance <> coalesce((SELECT sum(amount) FROM entry WHERE entry.account = account.id), 0))::float8
           AS unbalanced`;

export async function faults(
  options: ClusterOptions,
  say: (line: string) => void,
): Promise<boolean> {
  await using cluster = await Cluster.start(options, HOSTS);
  const [killed, cut, lossy] = options.network.hosts;
  const producer = options.network.hosts.at(-1);
  if (!killed || !cut || !lossy || !producer) throw new Error("There are too few hosts");
  await cluster.ask(
    `INSERT INTO account (id, balance) SELECT n, 0 FROM generate_series(2, ${ACCOUNTS}) AS n`,
  );
  const before = `${options.delay} ms each way`;
  const pushing = push(cluster, producer);
  await Bun.sleep(SETTLED_MS);

  const afterKill = await rescueTime(cluster, killed, () => cluster.kill(killed));
  say(`${before}: tasks of a killed worker are ready again after ${Math.round(afterKill)} ms`);
  cluster.startWorker(killed);
  await cluster.ready(HOSTS);
  await Bun.sleep(SETTLED_MS);

  const pulled = performance.now();
  const afterCut = await rescueTime(cluster, cut, () => cut.plug(false));
  say(
    `${before}: tasks of a host that is cut off are ready again after ${Math.round(afterCut)} ms`,
  );
  await Bun.sleep(Math.max(0, CUT_MS - (performance.now() - pulled)));
  cut.plug(true);
  say(
    `${before}: its worker runs tasks ${Math.round(await backTime(cluster, cut))} ms after the cut of ${CUT_MS} ms`,
  );

  const canLose = lossy.lose(LOSSES);
  if (canLose) await Bun.sleep(LOSS_MS);
  lossy.lose(0);
  say(
    `${before}: ${canLose ? `${LOSSES * 100} % of packets lost for ${LOSS_MS} ms` : "no loss: iptables is not installed, or cannot do it here"}`,
  );

  const pushed = await pushing.end();
  await cluster.drained();
  const isRight = await check(cluster, pushed, (line) => say(`${before}: ${line}`));
  return isRight && afterKill < RESCUE_KILLED_MS && afterCut < RESCUE_CUT_MS;
}

function push(cluster: Cluster, from: Host): { end(): Promise<number> } {
  let isOver = false;
  let pushed = 0;
  const pushing = (async () => {
    while (!isOver) {
      cluster.push(from, PUSH);
      pushed += CHUNK;
      await Bun.sleep(PAUSE_MS);
    }
  })();
  return {
    async end() {
      isOver = true;
      await pushing;
      return pushed;
    },
  };
}

const RUNNING =
  "SELECT id::float8 AS id FROM tq.task WHERE state = 'running' AND worker = ANY ($1::text[])";

/** @returns the ms from the fault until the tasks that the host ran at that moment are its tasks no more. */
async function rescueTime(cluster: Cluster, host: Host, fault: () => void): Promise<number> {
  const workers = `{${(await cluster.workersOf(host)).join(",")}}`;
  await until(
    "the host runs tasks",
    20_000,
    async () => (await cluster.ask(RUNNING, [workers])).length > 0,
    5,
  );
  fault();
  const start = performance.now();
  const claims = await cluster.ask(RUNNING, [workers]);
  if (claims.length === 0) return rescueTime(cluster, host, () => {});
  await until(
    "the tasks are rescued",
    60_000,
    async () => (await cluster.ask(RUNNING, [workers])).length === 0,
    10,
  );
  return performance.now() - start;
}

/** @returns the ms until the host runs tasks again. */
async function backTime(cluster: Cluster, host: Host): Promise<number> {
  const start = performance.now();
  await until("the host runs tasks again", 60_000, async () => {
    const workers = `{${(await cluster.workersOf(host)).join(",")}}`;
    return (await cluster.ask(RUNNING, [workers])).length > 0;
  });
  return performance.now() - start;
}

async function check(
  cluster: Cluster,
  pushed: number,
  say: (line: string) => void,
): Promise<boolean> {
  const prefix = "WITH task AS (SELECT id, state FROM tq.task WHERE model = 'account')";
  const [found] = await cluster.ask<Record<string, number>>(prefix + CHECK);
  const [count] = await cluster.ask<{ tasks: number; again: number }>(
    "SELECT count(*)::float8 AS tasks, count(*) FILTER (WHERE crashes > 0 OR attempts > 1)::float8 AS again FROM tq.task WHERE model = 'account'",
  );
  const wrong = Object.entries(found ?? {}).filter(([, number]) => number !== 0);
  if (count?.tasks !== pushed)
    wrong.push(["tasks that are not there", pushed - (count?.tasks ?? 0)]);
  const words = wrong.map(([what, number]) => `${number} ${what}`).join(", ");
  say(
    `${pushed} tasks, ${count?.again} of them claimed more than once: ${words || "each was done exactly once"}`,
  );
  return wrong.length === 0;
}
