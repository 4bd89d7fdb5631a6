/** The operations on tasks: a client pushes, lists and shows them. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { noSuchTask } from "../../errors.ts";
import { type PauseTarget, withPaused } from "../../store/pauses.ts";
import type { ReadFilter } from "../../store/looking.ts";
import type { Store } from "../../store/store.ts";
import type { Task } from "../../task.ts";
import { taskPage } from "../../tasks/task-page.ts";
import { leaveGarbage } from "../garbage.ts";
import { readJson } from "../input/json-body.ts";
import { PUSH_SCHEMAS, readPush } from "../input/new-tasks.ts";
import { withTraceOf } from "../input/trace.ts";
import { readFilter } from "../input/queries.ts";
import { checkPushable } from "../access/allowed-calls.ts";
import type { ApiOptions } from "./api.ts";
import { type PushOnceEnv, REPLAYED, replaysPush } from "./push-once.ts";
import { operation, reads } from "./operation.ts";
import { takesTrace } from "./push-trace.ts";
import { FILTER_QUERY, queryField, taskId } from "./task-query.ts";
import { RUN, TASK, TASK_ERROR, withIsoTimes } from "./schemas.ts";

const TAG = "tasks";

const LIST = v.object({
  ...FILTER_QUERY.entries,
  limit: queryField("At most so many, from 1 to 1000; default: 100"),
});

const PUSH = v.union(Object.values(PUSH_SCHEMAS));

export function taskOperations(options: ApiOptions) {
  const { store, answers, batchSize = 20 } = options;
  return new Hono<PushOnceEnv>()
    .get(
      "/",
      operation({
        id: "listTasks",
        tag: TAG,
        roles: ["read"],
        summary: "List tasks, the newest first",
        answers: {
          200: {
            description:
              "A page of tasks; `next` is the path of the page after it. A page ends after some ms with those that it has found: with a `next` there may be more",
            schema: v.object({ tasks: v.array(TASK), next: v.nullable(v.string()) }),
          },
        },
      }),
      reads("query", LIST, (c) => readFilter(new URL(c.req.url).searchParams, store.now())),
      (c) =>
        answers.answer(c, async () => {
          const { tasks, next: before } = await pageOf(store, c.req.valid("query"));
          const pauses = await store.pauses.list();
          const next = before === null ? null : nextPage(c.req.url, before);
          return c.json({ tasks: tasks.map((task) => shownTask(task, pauses)), next });
        }),
    )
    .post(
      "/",
      operation({
        id: "pushTasks",
        tag: TAG,
        roles: ["push"],
        summary: "Push one task, or several together",
        answers: {
          201: {
            description: "The tasks are on disk",
            schema: v.object({ ids: v.array(v.number()) }),
            headers: {
              Location: {
                description: "The path of the task, where there is one",
                schema: { type: "string" },
              },
              [REPLAYED]: {
                description: "true: an earlier push had the key, and these are its tasks",
                schema: { type: "string" },
              },
            },
          },
        },
        refusals: ["not_found", "conflict", "full", "uncertain"],
      }),
      takesTrace(),
      replaysPush(store, pushed),
      reads("json", v.union([PUSH, v.array(PUSH)]), async (c) => {
        const body = readJson(await c.req.arrayBuffer());
        return withTraceOf(c, readPush(body, { now: store.now(), batchSize }));
      }),
      async (c) => {
        const { pushes, tasks } = c.req.valid("json");
        checkPushable(options, pushes);
        const key = c.get("pushKey");
        if (key === undefined) return pushed(c, await store.push(tasks), false);
        const { ids, isReplay } = await store.pushKeys.push(tasks, key);
        return pushed(c, ids, isReplay);
      },
    )
    .get(
      "/:id",
      operation({
        id: "showTask",
        tag: TAG,
        roles: ["read"],
        summary: "Show one task with its runs and errors",
        answers: {
          200: {
            description: "The task",
            schema: v.object({ ...TASK.entries, runs: v.array(RUN), errors: v.array(TASK_ERROR) }),
          },
        },
        refusals: ["not_found"],
      }),
      taskId("show"),
      (c) => answers.answer(c, async () => c.json(await wholeTask(store, c.req.valid("param").id))),
    );
}

/** A page ends early beyond so many characters and the first part of the store: a task may have a megabyte. */
const PAGE_CHARACTERS = 500_000;

/** About what the first part has. */
const PART_CHARACTERS = 1_000_000;

/** The rows, the values and the texts of a page. */
const GARBAGE_TIMES = 4;

async function pageOf(store: Store, filter: ReadFilter) {
  let [size, hasSome] = [0, false];
  const isLarge = (found: readonly Task[]) => {
    if (hasSome) size += JSON.stringify(found).length; // most pages are one part, and need no measure
    hasSome ||= found.length > 0;
    return size > PAGE_CHARACTERS;
  };
  const page = await taskPage(store, { ...filter, limit: filter.limit ?? 0 }, { isLarge });
  if (size > PAGE_CHARACTERS) leaveGarbage((PART_CHARACTERS + size) * GARBAGE_TIMES);
  return page;
}

function pushed(c: Context, ids: number[], isReplay: boolean) {
  const location = ids.length === 1 ? { Location: `/api/v1/tasks/${ids[0]}` } : {};
  const replayed = isReplay ? { [REPLAYED]: "true" } : {};
  return c.json({ ids }, 201, { ...location, ...replayed });
}

async function wholeTask(store: Store, id: number) {
  const task = await store.get(id);
  if (task === null) throw noSuchTask(`show task ${id}`);
  if (task.finished_at !== null) await store.flush(); // the caller may act on the end of the task
  const [pauses, runs, errors] = await Promise.all([
    store.pauses.list(),
    store.attempts(id),
    store.errors(id),
  ]);
  return {
    ...shownTask(task, pauses),
    runs: runs.map(withIsoTimes),
    errors: errors.map(withIsoTimes),
  };
}

function shownTask(task: Task, pauses: readonly PauseTarget[]) {
  return withIsoTimes(withPaused(task, pauses));
}

/** The path of the next page: the same query, before what this one has looked at. */
function nextPage(url: string, before: number): string {
  const { pathname, searchParams } = new URL(url);
  searchParams.set("before", String(before));
  return `${pathname}?${searchParams}`;
}
