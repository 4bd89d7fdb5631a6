/** `tq torture`: proves on the user's own disk that no task is lost or done twice, whatever is killed. */
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { isTqError, TqError } from "../src/errors.ts";
import { refusalOf } from "../src/write-refusal.ts";
import { command } from "./command/command.ts";
import type { Program } from "./command/program.ts";
import { block } from "./terminal/table.ts";
import { readWhole } from "./command/values.ts";
import { databaseName } from "../src/values/database-url.ts";
import type { Result } from "./torture/torture.ts";

export const torture = command({
  name: "torture",
  description:
    "Kill workers and producers at random on this disk, and check that no task is lost or doubled; with -d postgresql://… on that server",
  flags: {
    dir: {
      type: "string",
      valueHint: "DIR",
      description: "An empty folder, or a new one (default: a new one in the current folder)",
    },
    rounds: { type: "string", valueHint: "N", description: "Rounds of about 2 s (default: 30)" },
    seed: {
      type: "string",
      valueHint: "N",
      description: "The same seed makes the same schedule of kills (default: a new one)",
    },
    workers: { type: "string", valueHint: "N", description: "Worker processes (default: 2)" },
    threads: { type: "string", valueHint: "N", description: "Threads of each worker (default: 2)" },
  },
  run: async (values, program) => {
    const { rounds = "30", workers = "2", threads = "2" } = values;
    const numbers = {
      rounds: readWhole(rounds, "--rounds", 1, 1_000_000),
      seed: values.seed === undefined ? newSeed() : readWhole(values.seed, "--seed", 0, MAX_SEED),
      workers: readWhole(workers, "--workers", 1, 10),
      threads: readWhole(threads, "--threads", 1, 100),
    };
    const url = await serverOf(program);
    const folder = makeFolder(values.dir);
    program.note(
      `tortures in ${url === null ? "" : `${databaseName(url)} and `}${folder} with seed ${numbers.seed}; Ctrl-C ends it early`,
    );
    const { torture: run } = await import("./torture/torture.ts"); // not at the start of other commands
    const asked = new AbortController();
    const stop = () => asked.abort();
    process.on("SIGINT", stop).on("SIGTERM", stop);
    const report = (done: number) => {
      if (done % 30 === 0) program.note(`${done} of ${numbers.rounds} rounds`);
    };
    const result = await run({ ...numbers, folder, url, signal: asked.signal, report });
    process.off("SIGINT", stop).off("SIGTERM", stop);
    const well = isWell(result);
    if (well) rmSync(folder, { recursive: true });
    answer(program, result, well ? null : folder);
    return well ? 0 : 1;
  },
});

/** The database that the command line names: that of a tq.toml here is somebody's queue. */
async function serverOf(program: Program): Promise<string | null> {
  const config = program.config();
  const { url } = config.database;
  if (url === null || config.origins["database.url"] !== "--database") return null;
  const { refuseUsed } = await import("./torture/server.ts");
  await refuseUsed(config);
  return url;
}

const MAX_SEED = 2 ** 31;

function newSeed(): number {
  return Math.floor(Math.random() * MAX_SEED);
}

/** @throws TqError "invalid" when the folder cannot be used: the sentence says why */
function makeFolder(dir: string | undefined): string {
  const folder = resolve(dir ?? "");
  try {
    if (dir === undefined) return mkdtempSync(resolve("tq-torture-"));
    makeEmpty(folder);
    return folder;
  } catch (cause) {
    if (isTqError(cause) || !(cause instanceof Error)) throw cause;
    throw refusalOf(`Cannot torture in ${folder}`, folder, cause);
  }
}

/** Refuses a folder that is not empty: it is deleted at the end, with all in it, if all is well. */
function makeEmpty(folder: string): void {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length > 0) {
    throw new TqError("invalid", `Cannot torture in ${folder}: it is not empty; name a new folder`);
  }
  accessSync(folder, constants.W_OK);
}

function isWell({ lost, doubled, half, stuck, broken, late, sound, problems }: Result): boolean {
  return lost + doubled + half + stuck + broken + late === 0 && sound && problems.length === 0;
}

/** @param folder where its files are kept; null when they are not. */
function answer(program: Program, result: Result, folder: string | null): void {
  const { slowestRescue, late, kills, problems, ...rest } = result;
  const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
  const slowest = Math.ceil(slowestRescue);
  const data = { ...rest, kills: { total, ...kills }, slowest_rescue: slowest, late_rescues: late };
  program.answer({ ...data, problems, folder }, () => {
    const kinds = Object.entries(kills).map(([kind, count]) => `${count} ${kind}`);
    const figures = block([
      ["rounds", `${rest.rounds}, seed ${rest.seed}`],
      ["kills", `${total}: ${kinds.join(", ")}`],
      [
        "tasks",
        `${rest.tasks}, ${rest.acknowledged} of them acknowledged, ${rest.recurring} recurring`,
      ],
      ["lost", `${rest.lost}`],
      ["doubled", `${rest.doubled}`],
      ["half done", `${rest.half}`],
      ["stuck", `${rest.stuck}`],
      ["rules broken", `${rest.broken}`],
      ["slowest rescue", `${slowest} ms${late > 0 ? `; ${late} took over 1 s` : ""}`],
      ["file", rest.sound ? "sound" : "damaged"],
    ]);
    const kept = folder === null ? [] : [`Its files are kept in ${folder}`];
    return [figures, ...problems, ...kept].join("\n");
  });
}
