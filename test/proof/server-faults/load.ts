/** Workers and a program that pushes, on a server to which something is about to happen; and the counts after it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LogLine, Running } from "../../integration/support/running.ts";
import { Site, type StartOptions } from "../../integration/support/site.ts";
import { eventually } from "../../integration/support/eventually.ts";
import { ACCOUNTS, Pushing } from "./pushing.ts";
import { OWN_SETTINGS } from "./statements.ts";

const WORKERS = 2;
const THREADS = 2;

/** Far more than any fault here lasts. */
const LONGEST_MS = 60_000;

/** The load runs for so long before anything happens: ms. */
const RUN_IN_MS = 3_000;

/** A task that the fault has put off comes again in a while. */
const DRAINED_MS = 60_000;

export interface LoadOptions {
  /** The URL of the workers and of the program that pushes. */
  readonly url: string;
  /** Another one, which is not disturbed. Asked anew where the server behind it may be another one. */
  readonly look: () => string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How long something took to come back: ms. */
export interface Back {
  readonly push: number;
  readonly task: number;
}

const CHECK = `
  WITH task AS (SELECT id, state, (args::jsonb ->> 0)::float8 AS key FROM tq.task WHERE model = 'account')
  SELECT (SELECT count(*) FROM task WHERE state <> 'finished')::float8 AS "that have not finished",
         (SELECT count(*) FROM task WHERE NOT EXISTS (SELECT FROM entry WHERE entry.task = task.id))::float8 AS "finished without effect",
         (SELECT count(*) - count(DISTINCT task) FROM entry)::float8 AS "done twice",
         (SELECT count(*) FROM entry LEFT JOIN task ON task.id = entry.task WHERE task.key IS DISTINCT FROM entry.key)::float8 AS "with the effect of another task",
         (SELECT count(*) FROM account
           WHERE balance <> coalesce((SELECT sum(amount) FROM entry WHERE entry.account = account.id), 0))::float8
           AS "accounts that do not add up"`;

const CUT = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND application_name LIKE 'tq %'`;

const LAST_ENTRY = "SELECT coalesce(max(id), 0)::float8 AS id FROM entry";

export class Load implements AsyncDisposable {
  readonly pushing: Pushing;
  readonly site: Site;
  readonly workers: readonly Running[];
  readonly #options: LoadOptions;
  #sql: { readonly url: string; readonly client: Bun.SQL } | null = null;

  private constructor(
    options: LoadOptions,
    site: Site,
    workers: readonly Running[],
    pushing: Pushing,
  ) {
    this.#options = options;
    this.site = site;
    this.workers = workers;
    this.pushing = pushing;
  }

  static async start(options: LoadOptions): Promise<Load> {
    const site = new Site();
    site.write("models.ts", readFileSync(join(import.meta.dir, "models.ts"), "utf8"));
    const start = startOptions(options);
    const flags = ["-n", String(THREADS)];
    const first = await site.worker(flags, start);
    const prepare = ["push", "probe", "prepare", "1", "--args", `[${ACCOUNTS}]`, "--wait"];
    const made = await site.start(prepare, start).ended();
    if (made.code !== 0) throw new Error(made.stderr);
    const rest = Array.from({ length: WORKERS - 1 }, () => site.worker(flags, start));
    const workers = [first, ...(await Promise.all(rest))];
    const load = new Load(options, site, workers, new Pushing(options.url));
    await load.back();
    await Bun.sleep(RUN_IN_MS);
    return load;
  }

  /** A worker more, or a command, with the settings of the others. */
  get settings(): StartOptions {
    return startOptions(this.#options);
  }

  async ask<R>(text: string): Promise<R[]> {
    const url = this.#options.look();
    if (this.#sql?.url !== url) {
      await this.#sql?.client.close({ timeout: 0 });
      this.#sql = {
        url,
        client: new Bun.SQL(url, {
          max: 1,
          connection: OWN_SETTINGS,
          onclose: () => (this.#sql = null),
        }),
      };
    }
    return (await this.#sql.client.unsafe(text)) as R[];
  }

  /** Waits until a push that is made from now on was acknowledged, and a task done. */
  async back(since = performance.now()): Promise<Back> {
    const first = eventually(
      "a push is acknowledged",
      () => this.pushing.acknowledged.find(({ asked }) => asked >= since),
      LONGEST_MS,
    );
    const done = () => this.ask<{ id: number }>(LAST_ENTRY).catch(() => []);
    const before = await eventually(
      "the server answers",
      async () => (await done())[0],
      LONGEST_MS,
    );
    const isMore = async () => ((await done())[0]?.id ?? 0) > before.id;
    await eventually("a task is done", isMore, LONGEST_MS);
    const task = Math.round(performance.now() - since);
    return { push: Math.round((await first).answered - since), task };
  }

  /** Ends the connections of all programs of tq: they are made anew. */
  async cut(): Promise<void> {
    await this.ask(CUT);
  }

  /** Waits until a worker's log has these words. */
  async says(words: string, from: readonly number[] = this.workers.map(() => 0)): Promise<void> {
    const isSaid = () =>
      this.workers.some((worker, nth) => worker.stderr.slice(from[nth]).includes(words));
    await eventually(`a worker says ${words}`, isSaid, LONGEST_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.said().join("\n")}`, { cause: error });
    });
  }

  async drained(): Promise<void> {
    const left = "SELECT id FROM tq.task WHERE state NOT IN ('finished', 'failed', 'cancelled')";
    try {
      const areLeft = async () => (await this.ask(`${left} LIMIT 1`).catch(() => [1])).length > 0;
      await eventually("all tasks have ended", async () => !(await areLeft()), DRAINED_MS);
    } catch (error) {
      const rows = await this.ask(`SELECT * FROM (${left}) AS one JOIN tq.task USING (id) LIMIT 5`);
      const known = JSON.stringify(rows, null, 1);
      throw new Error(`${String(error)}\n${known}\n${this.said().join("\n")}`, { cause: error });
    }
  }

  /**
   * Ends the load, and says what is wrong.
   *
   * @param mayLose true: the server may have lost what it had acknowledged; what is there must be right all the same
   */
  async count(mayLose = false): Promise<{ readonly words: string; readonly isRight: boolean }> {
    await this.pushing.end();
    await this.drained();
    const [found = {}] = await this.ask<Record<string, number>>(CHECK);
    const keys = await this.ask<{ key: number }>("SELECT key FROM entry");
    const done = new Set(keys.map(({ key }) => key));
    const { acknowledged, uncertain } = this.pushing;
    const lost = this.pushing.keys.filter((key) => !done.has(key)).length;
    const parts = [...acknowledged.map((one) => one.keys), ...uncertain];
    const isPart = (part: readonly number[]) => {
      const there = part.filter((key) => done.has(key)).length;
      return there !== 0 && there !== part.length;
    };
    const wrong = Object.entries(found).filter(([, number]) => number !== 0);
    const halves = parts.filter(isPart).length;
    if (halves > 0) wrong.push(["pushes of which a part is there", halves]);
    if (lost > 0 && !mayLose) wrong.push(["acknowledged tasks that were lost", lost]);
    const loss = mayLose ? `, ${lost} of them lost with the server that had them` : "";
    const words = wrong.map(([what, number]) => `${number} ${what}`).join(", ");
    const all = `${this.pushing.keys.length} tasks acknowledged${loss}`;
    const ends = this.workers.filter((worker) => !isAlive(worker)).length;
    if (ends > 0) wrong.push(["workers that have ended", ends]);
    return {
      words: `${all}, ${uncertain.length} pushes uncertain: ${words || "each was done exactly once"}${ends > 0 ? `; ${ends} workers have ended` : ""}`,
      isRight: wrong.length === 0,
    };
  }

  /** The lines of all workers' logs that are about no single task, each with how often it was said. */
  said(): string[] {
    const counts = new Map<string, number>();
    for (const worker of this.workers) {
      for (const line of worker.log.filter(isOfNoTask)) {
        const words = `${line["level"]} ${line.message}`.replaceAll(/[0-9a-f-]{36}|\d+/g, "#");
        counts.set(words, (counts.get(words) ?? 0) + 1);
      }
      for (const line of worker.stderr.split("\n")) {
        if (line !== "" && !line.startsWith("{")) counts.set(`raw: ${line}`, 1);
      }
    }
    return [...counts].map(([words, count]) => `${count} × ${words}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pushing.end().catch(() => {});
    await this.site[Symbol.asyncDispose]();
    await this.#sql?.client.close({ timeout: 0 });
  }
}

function isAlive(worker: Running): boolean {
  try {
    process.kill(worker.pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isOfNoTask({ event }: LogLine): boolean {
  return !/^(task\.finished|worker\.started|store\.made)$/.test(event);
}

function startOptions({ url, env = {} }: LoadOptions): StartOptions {
  return { env: { TQ_DATABASE: url, TQ_LOG__LEVEL: "info", ...env } };
}
