/** The operation on workers: who runs tasks, and what each thread runs now. */
import { Hono } from "hono";
import * as v from "valibot";
import type { WorkerStatus } from "../../store/looking.ts";
import type { Store } from "../../store/store.ts";
import type { BusyThread } from "../../store/working.ts";
import { callName } from "../../task.ts";
import type { AdminEnv } from "../access/access.ts";
import { operation } from "./operation.ts";
import { COUNT, isoTime, PROGRESS, TIME, WORKER, withIsoTimes } from "./schemas.ts";

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
      const { workers, threads, at_least } = await store.working();
      const byWorker = Map.groupBy(threads, ({ worker }) => worker);
      return c.json({
        workers: workers.map((one) => shown(one, byWorker.get(one.id) ?? [])),
        ...(at_least && { at_least }),
      });
    },
  );
}

function shown(worker: WorkerStatus, threads: readonly BusyThread[]) {
  return { ...withIsoTimes(worker), runs: threads.map(shownRun) };
}

function shownRun({ thread, task, isFunction, isSure, others, progress }: BusyThread) {
  const { id, model, method, queue, dequeued_at: since } = task;
  return {
    thread,
    task: id,
    call: callName(model, isFunction ? null : method),
    queue,
    since: since === null ? null : isoTime(since),
    sure: isSure,
    others,
    progress: progress && { ...progress, at: isoTime(progress.at) },
  };
}
