/** The routes under `/api/tasks`: a client lists, shows, pushes, retries and cancels tasks. */
import { type Context, Hono } from "hono";
import type { ModelCatalog } from "../catalog.ts";
import { noSuchTask } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { SaidPolicies } from "../registry/said-policies.ts";
import type { Signature } from "../registry/signatures/signatures.ts";
import type { ModelCrons } from "../cron/merge.ts";
import type { ReadFilter } from "../store/looking.ts";
import type { Store } from "../store/store.ts";
import { type PauseTarget, withPaused } from "../store/pauses.ts";
import type { NewTask, Task } from "../task.ts";
import { readJson } from "./input/json-body.ts";
import { readPush } from "./input/new-tasks.ts";
import { withTraceOf } from "./input/trace.ts";
import { readFilter, readId } from "./input/queries.ts";
import { checkPushable } from "./access/allowed-calls.ts";
import { type AdminEnv, requireRole } from "./access/access.ts";
import { jsonList } from "./json-list.ts";
import type { LargeAnswers } from "./large-answers.ts";
import { reportError } from "./problem.ts";
import { givenKey, REPLAYED } from "./v1/push-once.ts";

export interface TaskRouteOptions {
  readonly store: Store;
  /** The models whose methods can be pushed, asked at each push; null when none are known. */
  readonly catalog: () => ModelCatalog | null;
  /** Patterns of the calls that requests may push: the setting `admin.push`; empty or absent: all. */
  readonly pushable?: readonly string[];
  /** The recurring tasks that the models say; default: none. */
  readonly crons?: () => readonly ModelCrons[];
  /** The policies that the models and tq.toml say; default: none. */
  readonly policies?: () => SaidPolicies;
  /** The arguments of a call, `sale.process`; null: nothing is known of them. Default: of none. */
  readonly signature?: (call: string) => Promise<Signature | null>;
  /** Instances in one task when `batch` is true. */
  readonly batchSize?: number;
  /** Gets the errors that the caller has not caused. */
  readonly report?: Report;
}

export function taskRoutes(options: TaskRouteOptions, answers: LargeAnswers): Hono<AdminEnv> {
  const { store } = options;
  const routes = new Hono<AdminEnv>();
  routes.get("/", requireRole("read"), (c) => listTasks(c, options, answers));
  routes.post("/", requireRole("push"), (c) => pushTasks(c, options));
  routes.get("/:id", requireRole("read"), (c) =>
    answers.answer(c, () => showTask(c, store, readId(c.req.param("id"), "show"))),
  );
  routes.post("/:id/retry", requireRole("admin"), async (c) => {
    return c.json(await store.retry(readId(c.req.param("id"), "retry")));
  });
  routes.post("/:id/cancel", requireRole("admin"), async (c) => {
    return c.json(await store.cancel(readId(c.req.param("id"), "cancel")));
  });
  return routes;
}

async function listTasks(
  c: Context<AdminEnv>,
  { store, report }: TaskRouteOptions,
  answers: LargeAnswers,
): Promise<Response> {
  const filter = readFilter(new URL(c.req.url).searchParams, store.now());
  return answers.stream(c, async (leave) => {
    const pages = pagesOf(store, filter, await store.pauses.list());
    const list = await jsonList(pages, (error) => reportError(c, error, report), leave);
    return c.body(list, 200, { "Content-Type": "application/json" });
  });
}

async function* pagesOf(
  store: Store,
  filter: ReadFilter,
  pauses: readonly PauseTarget[],
): AsyncGenerator<readonly Task[], void> {
  for await (const { found } of store.parts(filter)) {
    if (found.length > 0) yield found.map((task) => withPaused(task, pauses));
  }
}

async function showTask(c: Context, store: Store, id: number): Promise<Response> {
  const task = await store.get(id);
  if (task?.finished_at) await store.flush(); // the caller may act on the end of the task
  if (task !== null) {
    const shown = withPaused(task, await store.pauses.list());
    return c.json({ ...shown, runs: await store.attempts(id), errors: await store.errors(id) });
  }
  throw noSuchTask(`show task ${id}`);
}

async function pushTasks(c: Context<AdminEnv>, options: TaskRouteOptions): Promise<Response> {
  const { store, batchSize = 20 } = options;
  const body = readJson(await c.req.arrayBuffer());
  const key = await givenKey(c);
  const earlier = key && (await store.pushKeys.find(key));
  if (earlier !== null) return answerReplay(c, store, body, earlier);
  const { single, pushes, tasks } = withTraceOf(c, readPush(body, { now: store.now(), batchSize }));
  checkPushable(options, pushes);
  const pushOnce = async () =>
    key === null
      ? { ids: await store.push(tasks), isReplay: false }
      : store.pushKeys.push(tasks, key);
  const { ids, isReplay } = tasks.length === 0 ? { ids: [], isReplay: false } : await pushOnce();
  if (isReplay) return answerReplay(c, store, body, ids);
  return c.json(single ? { id: ids[0], ...times(tasks[0]) } : { ids }, 201); // single: there is exactly one task
}

/** As the first push with its key was answered. */
async function answerReplay(c: Context, store: Store, body: unknown, ids: readonly number[]) {
  const headers = { [REPLAYED]: "true" };
  const [id = 0] = ids;
  if (Array.isArray(body) || ids.length !== 1) return c.json({ ids }, 201, headers);
  const task = await store.get(id);
  const { scheduled_at: scheduledAt = null, expected_at: expectedAt = null } = task ?? {};
  return c.json({ id, ...times({ scheduledAt, expectedAt }) }, 201, headers);
}

/** The instants that the times of a push were read as: lengths of time count from now, text without a zone is local. */
function times(task: Pick<NewTask, "scheduledAt" | "expectedAt"> | undefined) {
  const { scheduledAt = null, expectedAt = null } = task ?? {};
  return {
    ...(scheduledAt !== null && { scheduled_at: scheduledAt }),
    ...(expectedAt !== null && { expected_at: expectedAt }),
  };
}
