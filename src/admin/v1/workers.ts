/** The operation on workers: who runs tasks, and what each thread runs now. */
import { Hono } from "hono";
import * as v from "valibot";
import type { Store } from "../../store/store.ts";
import { type ThreadRun, withRuns, type WorkerRuns } from "../../store/working.ts";
import type { AdminEnv } from "../access/access.ts";
import { operation } from "./operation.ts";
import { COUNT, isoOrNull, isoTime, PROGRESS, TIME, WORKER, withIsoTimes } from "./schemas.ts";

const RUN = v.object({
  thread: COUNT,
  task: v.pipe(v.number(), v.integer(), v.description("Its id")),
  call: v.pipe(v.string(), v.description("sale.process, or the name of a function")),
  queue: v.string(),
  since: v.nullable(TIME),
  sure: v.pipe(
    v.boolean(),
    v.description("False: it may run one of the others, as none of them has said anything"),
  ),
  others: v.pipe(COUNT, v.description("Further tasks that it has claimed")),
  progress: v.nullable(PROGRESS),
});

const WORKERS = v.object({
  workers: v.array(
    v.object({
      ...WORKER.entries,
      runs: v.pipe(
        v.array(RUN),
        v.description("What its busy threads run; all others of its `threads` are idle"),
      ),
    }),
  ),
  at_least: v.optional(
    v.pipe(v.literal(true), v.description("More tasks are claimed than were looked at")),
  ),
});

export function workerOperations(store: Store) {
  return new Hono<AdminEnv>().get(
    "/workers",
    operation({
      id: "listWorkers",
      tag: "workers",
      roles: ["read"],
      summary: "List the workers, and what each of their threads runs",
      answers: { 200: { description: "Also the dead whose tasks wait", schema: WORKERS } },
    }),
    async (c) => {
      const working = await store.working();
      return c.json({
        workers: withRuns(working).map(shown),
        ...(working.at_least && { at_least: true }),
      });
    },
  );
}

function shown({ runs, ...worker }: WorkerRuns) {
  return { ...withIsoTimes(worker), runs: runs.map(shownRun) };
}

function shownRun({ since, progress, ...run }: ThreadRun) {
  return {
    ...run,
    since: isoOrNull(since),
    progress: progress && { ...progress, at: isoTime(progress.at) },
  };
}
