/** The torture itself: rounds of kills, then the remaining tasks in peace, then the check. */
import { join } from "node:path";
import { type Config, loadConfig } from "../../src/settings/config.ts";
import { TqError } from "../../src/errors.ts";
import { createRuntime, enterRuntime } from "../../src/transaction/runtime.ts";
import type { Store } from "../../src/store/store.ts";
import { check, checkClean, type Findings, type Tortured } from "./check.ts";
import { Child } from "./child.ts";
import { ACCOUNTS } from "./crew.ts";
import { Moves } from "./moves.ts";
import { insist } from "./insist.ts";
import { pauseRecurring } from "./recurring.ts";
import { writePrograms } from "./programs.ts";
import { Server } from "./server.ts";
import { type Kind, ROUND_MS, scheduleOf } from "./schedule.ts";

export interface TortureOptions {
  /** An empty folder. */
  readonly folder: string;
  /** The URL of an empty database; null: the database is a file in the folder. */
  readonly url: string | null;
  readonly rounds: number;
  readonly seed: number;
  readonly workers: number;
  readonly threads: number;
  /** Ends it after the round that is under way. */
  readonly signal: AbortSignal;
  /** Called after each round. */
  readonly report: (done: number) => void;
}

export interface Result extends Findings {
  readonly rounds: number;
  readonly seed: number;
  /** How often each kind of move was made: the kills, and the moods of transfers too. */
  readonly kills: Readonly<Record<Kind, number>>;
  readonly acknowledged: number;
  /** The longest that the tasks of a dead worker waited, in ms. */
  readonly slowestRescue: number;
  /** Rescues that took longer than tq promises. */
  readonly late: number;
}

/** After this time without a commit by any process, the remaining tasks will not end. */
const STUCK_MS = 30_000;

/** They would run for ever if they did not end in this time. */
const LONGEST_DRAIN_MS = 180_000;

const LOOK_EVERY_MS = 20;

/** Each process measures the time of the server, over a network that may be slow for a while. */
const SERVER_SLACK_MS = 50;

export async function torture(options: TortureOptions): Promise<Result> {
  const { folder, rounds, seed, url } = options;
  await setUp(folder, url);
  const config = loadConfig({ cwd: folder, env: {}, file: join(folder, "tq.toml") });
  const runtime = createRuntime(config);
  enterRuntime(runtime);
  const { store } = runtime;
  const server = url === null ? null : new Server(config);
  const moves = new Moves({ ...options, store, server });
  let done = 0;
  try {
    for (; done < rounds && !options.signal.aborted; done++) {
      await makeRound(moves, done, { seed, onServer: url !== null });
      options.report(done + 1);
    }
    await moves.crew.stopProducers();
    await drain(store);
    await pauseRecurring(store);
    await moves.settled(); // before the workers stop: a replacement under way would start another
    await drain(store); // a task may have been cancelled, to be retried
    await moves.crew.stopWorkers();
  } finally {
    await moves.crew.killAll();
  }
  const { retried } = moves;
  const slack = server ? SERVER_SLACK_MS : 0;
  const tortured = { folder, acknowledged: moves.acknowledged, retried, slack };
  const findings = await (server ? checkCopy(server, config, tortured) : check(tortured));
  const left = findings.problems.length > 0 ? [] : await checkClean(store, server === null);
  if (server && findings.problems.length === 0 && left.length === 0) await server.clear();
  await store.close();
  const { made: kills, acknowledged, rescues, problems } = moves;
  return {
    ...findings,
    rounds: done,
    seed,
    kills,
    acknowledged: acknowledged.length,
    slowestRescue: rescues.slowest,
    late: rescues.late.length,
    broken: findings.broken + left.length,
    problems: [...problems, ...rescues.late, ...findings.problems, ...left],
  };
}

/** Checks a copy of the server's database in a file. */
async function checkCopy(server: Server, config: Config, tortured: Tortured): Promise<Findings> {
  const file = join(tortured.folder, "copy.db");
  await server.copyTo(file);
  const database = { ...config.database, url: null, path: file };
  const runtime = createRuntime({ ...config, database });
  const leave = enterRuntime(runtime);
  try {
    return await check(tortured);
  } finally {
    leave();
    await runtime.store.close();
  }
}

async function setUp(folder: string, url: string | null): Promise<void> {
  writePrograms(folder, url);
  const child = new Child(folder, ["run", "setup.mts", `${ACCOUNTS}`], () => {});
  if ((await child.gone()) === 0) return;
  throw new TqError("database", `Cannot make the accounts in ${folder}: see ${folder}/log.txt`);
}

async function makeRound(
  moves: Moves,
  round: number,
  { seed, onServer }: { readonly seed: number; readonly onServer: boolean },
): Promise<void> {
  const start = performance.now();
  for (const move of scheduleOf(seed, round, onServer)) {
    await Bun.sleep(Math.max(start + move.at - performance.now(), 0));
    moves.make(move);
  }
  await Bun.sleep(Math.max(start + ROUND_MS - performance.now(), 0));
}

/** Waits until all tasks have ended, or no process commits any more, or they run for ever. */
async function drain(store: Store): Promise<void> {
  let version = await insist(() => store.version());
  const begun = performance.now();
  let since = begun; // the last commit
  const everyQueue: string[] = [];
  while (await insist(() => store.hasWork(everyQueue, true))) {
    const now = performance.now();
    if (now - since > STUCK_MS || now - begun > LONGEST_DRAIN_MS) return;
    await Bun.sleep(LOOK_EVERY_MS);
    const later = await insist(() => store.version());
    if (later === version) continue;
    version = later;
    since = performance.now();
  }
}
