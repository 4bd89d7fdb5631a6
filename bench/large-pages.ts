/**
 * Ten million tasks in a hundred queues: the time of each page and each call that reads, of `tq status`, and of `tq list`
 * with each filter. Once as a mix of all states, with every path; then with nearly all tasks in one state, the slowest.
 */
import { copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SqliteStore } from "../src/sqlite/store.ts";
import { type Bench, measure, progress } from "./support/measure.ts";
import { fillMix, fillStatistics, type Mix } from "./support/mix.ts";
import { processorTime } from "./support/process.ts";
import { Raw } from "./support/raw.ts";
import { limitRow, type Row } from "./support/row.ts";
import { formatNumber, median } from "./support/statistics.ts";
import { runTq, startServer, stopTq } from "./support/tq.ts";
import { answers, freePort } from "./support/wrk.ts";

/** Shares of a hundred. */
const MIXES: Readonly<Record<string, Mix>> = {
  mixed: { finished: 70, failed: 10, scheduled: 10, ready: 10 },
  finished: { finished: 97, failed: 1, scheduled: 1, ready: 1 },
  failed: { finished: 1, failed: 97, scheduled: 1, ready: 1 },
  scheduled: { finished: 1, failed: 1, scheduled: 97, ready: 1 },
  ready: { finished: 1, failed: 1, scheduled: 1, ready: 97 },
};

const FILTERS = [
  "",
  "state=failed",
  "state=finished",
  "state=scheduled&queue=queue-07",
  "state=ready&queue=queue-07",
  "queue=queue-07",
  "queue=queue-0*",
  "model=shop.order&method=send",
  "state=failed&reason_has=order+7+",
  "reason_has=order+7+",
  "args_have=no-such-text",
  "ref=none",
];

const PAGES = [
  "/",
  "/?last=day",
  "/?last=week",
  "/charts?last=week",
  ...FILTERS.map((filter) => `/tasks?${filter}`),
  "/failed",
  "/tasks/ID",
  "/recurring",
  "/queues",
  "/workers",
  "/models",
  "/settings",
];

const CALLS = [
  "/healthz",
  "/readyz",
  "/metrics",
  "/api/v1/status",
  "/api/v1/queues",
  "/api/v1/workers",
  ...FILTERS.map((filter) => `/api/v1/tasks?${filter}`),
  ...["", "/why", "/log", "/result"].map((of) => `/api/v1/tasks/ID${of}`),
  "/api/v1/pauses",
  "/api/v1/cron",
  "/api/v1/models",
  "/api/v1/settings",
  ...["hour", "day", "week", "366d"].map((last) => `/api/v1/statistics?last=${last}`),
  ...["task", "hour"].map((by) => `/api/v1/statistics?last=week&by=${by}`),
  ...["hour", "day", "week"].map((last) => `/api/v1/statistics/series?last=${last}`),
  "/api/v1/statistics/series?last=week&queue=queue-07",
  "/api/v1/openapi.json",
];

const COMMANDS = [
  ["status"],
  ["stats", "--last", "week"],
  ["list"],
  ...["failed", "finished", "scheduled", "ready"].map((state) => ["list", "--state", state]),
  ["list", "--queue", "queue-07"],
  ["list", "--state", "failed", "--queue", "queue-07"],
  ["list", "--model", "shop.order", "--method", "send"],
  ["list", "--user", "7"],
  ["list", "--ref", "none"],
  ["list", "--since", "1h"],
  ["list", "--args-have", "no-such-text"],
  ["list", "--reason-has", "order 7 "],
  ["list", "--where", "args[1]=7"],
];

/** The slowest of a file with nearly all tasks in one state. */
const MOST_SHOWN = 5;

await measure(async (bench) => {
  const size = bench.tasks ?? bench.pick(10_000_000, 100_000);
  const empty = bench.folder.database();
  progress("making a week of statistics");
  using raw = openUnsafely(bench, empty);
  fillStatistics(raw.db, Date.now());
  const rows: Row[] = [];
  for (const name of Object.keys(MIXES)) rows.push(...(await rowsOf(bench, name, size, empty)));
  return rows;
});

/** @param empty a database with the statistics. */
async function rowsOf(bench: Bench, name: string, size: number, empty: string): Promise<Row[]> {
  const { [name]: shares = { finished: 0, failed: 0, scheduled: 0, ready: 0 } } = MIXES;
  const of = (share: number) => Math.round((size * share) / 100);
  const { finished, failed, scheduled, ready } = shares;
  const about = `${formatNumber(size)} ${name}`;
  progress(`${about}: making them`);
  const path = bench.folder.database();
  copyFileSync(empty, path);
  fillTasks(bench, path, {
    finished: of(finished),
    failed: of(failed),
    scheduled: of(scheduled),
    ready: of(ready),
  });
  const first = await requestRows(bench, path, `${about}, not counted`, ["/", "/metrics"]);
  await recount(path, about);
  const all = [
    ...(await requestRows(bench, path, about)),
    ...(await commandRows(bench, path, about)),
  ];
  bench.folder.remove(path);
  const slowest = all.toSorted(
    (a, b) => median(b.samples["tq"] ?? []) - median(a.samples["tq"] ?? []),
  );
  return [...first, ...(name === "mixed" ? all : slowest.slice(0, MOST_SHOWN))];
}

function fillTasks(bench: Bench, path: string, mix: Mix): void {
  using raw = openUnsafely(bench, path);
  fillMix(raw.db, mix, Date.now());
  raw.db.run("PRAGMA journal_mode = WAL");
}

/** Without a journal, which is fast; a power cut would only end the measure. */
function openUnsafely(bench: Bench, path: string): Raw {
  const raw = new Raw(path, bench);
  for (const pragma of ["journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"]) {
    raw.db.run(`PRAGMA ${pragma}`);
  }
  return raw;
}

/** Counts as a worker does, without its pauses. */
async function recount(path: string, about: string): Promise<void> {
  const store = new SqliteStore({ path, durability: "normal" });
  const steps: number[] = [];
  let began = performance.now();
  for await (const _ of store.recount()) {
    steps.push(performance.now() - began);
    began = performance.now();
  }
  await store.close();
  const sum = steps.reduce((total, step) => total + step, 0);
  const each = steps.length === 0 ? 0 : median(steps);
  progress(
    `${about}: counted in ${steps.length} steps of ${formatNumber(each)} ms, ${formatNumber(sum)} ms in all`,
  );
}

async function requestRows(
  bench: Bench,
  path: string,
  about: string,
  paths: readonly string[] = [...PAGES, ...CALLS],
): Promise<Row[]> {
  const port = freePort();
  const server = startServer(bench, path, port);
  await answers(port);
  const base = `http://127.0.0.1:${port}`;
  const token = (await Bun.file(join(dirname(path), "tq.token")).text()).trim();
  const headers = { authorization: `Bearer ${token}`, cookie: await signIn(base, token) };
  const { tasks } = (await (await fetch(`${base}/api/v1/tasks?limit=1`, { headers })).json()) as {
    tasks: { id: number }[];
  };
  const rows: Row[] = [];
  for (const one of paths) {
    const url = `${base}${one.replace("ID", String(tasks[0]?.id))}`;
    const { times, spent } = await timed(bench, server.pid, async () => {
      const answer = await fetch(url, { headers, redirect: "error" });
      await answer.text();
      if (answer.status >= 400 && answer.status !== 503)
        throw new Error(`${one}: ${answer.status}`);
    });
    rows.push(rowOf(about, one, times, spent, 50));
  }
  await stopTq(server, path);
  return rows;
}

async function signIn(base: string, token: string): Promise<string> {
  const body = new URLSearchParams({ token, to: "/" });
  const headers = { origin: base };
  const answer = await fetch(`${base}/sign-in`, {
    method: "POST",
    redirect: "manual",
    body,
    headers,
  });
  return answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

async function commandRows(bench: Bench, path: string, about: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const args of COMMANDS) {
    const times: number[] = [];
    const spent: number[] = [];
    for (let round = 0; round < (bench.rounds ?? 3); round++) {
      const began = performance.now();
      spent.push(await runTq(bench, path, args));
      times.push(performance.now() - began);
    }
    rows.push(rowOf(about, `tq ${args.join(" ")}`, times, spent, 300));
  }
  return rows;
}

function rowOf(
  about: string,
  what: string,
  times: readonly number[],
  spent: readonly number[],
  bar: number,
): Row {
  const notes = { rounds: times.length, rawIs: "the processor time of tq for it" };
  return limitRow({ measure: `${about}: ${what}`, unit: "ms", notes }, times, spent, { bar });
}

/** Times a request that was made before. @returns ms, by the wall and of the server's processor. */
async function timed(bench: Bench, pid: number, request: () => Promise<void>) {
  const rounds = bench.rounds ?? bench.pick(11, 5);
  const times: number[] = [];
  const spent: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [began, before] = [performance.now(), processorTime(pid)];
    await request();
    if (round === 0) continue;
    times.push(performance.now() - began);
    spent.push((processorTime(pid) - before) / 1e6);
  }
  return { times, spent };
}
