/** The operations that tell more of one task: why it does not run, what it said, and its result once it has ended. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { noSuchTask, TqError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { ENDED_STATES } from "../../task.ts";
import { endOf, hasEnded } from "../../tasks/end.ts";
import { onDisk } from "../../tasks/on-disk.ts";
import { knownPolicyFacts } from "../../tasks/why/policy-facts.ts";
import { whyOf } from "../../tasks/why/why.ts";
import { MINUTE_MS, parseDuration } from "../../values/duration.ts";
import { whole } from "../../values/option-kinds.ts";
import type { AdminEnv } from "../access/access.ts";
import { readQuery } from "../input/queries.ts";
import type { ApiOptions } from "./api.ts";
import { operation, reads } from "./operation.ts";
import { isoTime, OUTPUT } from "./schemas.ts";
import { queryField, taskId } from "./task-query.ts";

const TAG = "tasks";

const WHY = v.object({
  id: v.number(),
  state: v.string(),
  queue: v.string(),
  cause: v.pipe(v.string(), v.description("One word for each kind of sentence")),
  sentence: v.string(),
  purpose: v.pipe(v.nullable(v.string()), v.description("What the command would do")),
  command: v.nullable(v.string()),
});

const RESULT = v.object({
  id: v.number(),
  state: v.picklist(ENDED_STATES),
  result: v.pipe(
    v.unknown(),
    v.description("What the method returned; null: nothing, or no finish"),
  ),
  reason: v.nullable(v.string()),
});

const LOG = v.object({ runs: v.array(OUTPUT) });

const STATE = v.object({ id: v.number(), state: v.string() });

/** A client asks again after so long a wait: proxies end a request that takes longer. */
const LONGEST_WAIT_MS = 5 * MINUTE_MS;

export function oneTaskOperations(options: ApiOptions) {
  const { store, mode, catalog, policies = () => ({}), stillMay, answers } = options;
  return new Hono<AdminEnv>()
    .get(
      "/:id/why",
      operation({
        id: "explainTask",
        tag: TAG,
        roles: ["read"],
        summary: "Say what a task is doing, or why it does not run",
        answers: { 200: { description: "One sentence, and a command that helps", schema: WHY } },
        refusals: ["not_found"],
      }),
      taskId("explain"),
      async (c) => {
        const { id } = c.req.valid("param");
        const situation = await store.situation({ id });
        if (situation === null) throw noSuchTask(`explain task ${id}`);
        const { state, queue } = situation.task;
        if (hasEnded(situation.task)) await onDisk(store);
        const models = { catalog: catalog(), policies: policies() };
        const policy = knownPolicyFacts(models, situation.task);
        return c.json({ id, state, queue, ...whyOf(situation, { mode, policy }) });
      },
    )
    .get(
      "/:id/log",
      operation({
        id: "showLog",
        tag: TAG,
        roles: ["read"],
        summary: "Show what a task has printed and logged, run by run",
        answers: { 200: { description: "Its runs", schema: LOG } },
        refusals: ["not_found"],
      }),
      taskId("show"),
      reads("query", v.object({ from: queryField("Only the runs from this number on") }), readFrom),
      async (c) => {
        const { id } = c.req.valid("param");
        if ((await store.standings([id])).length === 0) throw noSuchTask(`show task ${id}`);
        return answers.answer(c, async () => {
          const runs = await store.output(id, c.req.valid("query").from);
          return c.json({ runs: runs.map(outputOf) });
        });
      },
    )
    .get(
      "/:id/result",
      operation({
        id: "awaitResult",
        tag: TAG,
        roles: ["read", "push"],
        summary: "Wait for the end of a task, and show its result",
        answers: {
          200: { description: "The task has ended", schema: RESULT },
          202: { description: "It has not ended within the time; ask again", schema: STATE },
        },
        refusals: ["not_found"],
      }),
      taskId("wait for"),
      reads(
        "query",
        v.object({ wait: queryField("At most so long, such as 30s; default: 0s") }),
        readWait,
      ),
      async (c) => {
        const { id } = c.req.valid("param");
        const hasWaited = await endWithin(c, store, id, c.req.valid("query").wait);
        if (hasWaited && !(await stillMay(c.get("caller"), "read", "push"))) throw goneToken();
        const [standing] = await store.standings([id]); // the task itself may have a megabyte
        if (standing === undefined) throw noSuchTask(`wait for task ${id}`);
        if (!hasEnded(standing)) return c.json({ id, state: standing.state }, 202);
        return answers.answer(c, async () => {
          const task = await store.get(id);
          if (task === null) throw noSuchTask(`wait for task ${id}`);
          if (!hasEnded(task)) return c.json({ id, state: task.state }, 202);
          await onDisk(store);
          return c.json({ id, state: task.state, result: task.result, reason: task.reason }, 200);
        });
      },
    );
}

function goneToken(): TqError {
  const why = "the token was removed, or lost its role, while the request waited";
  return new TqError("unauthorized", `Unauthorized: ${why}`);
}

type Output = Awaited<ReturnType<Store["output"]>>[number];

function outputOf({ attempt, lines, progress, cut, unread }: Output) {
  return {
    attempt,
    lines: lines.map(({ at, ...rest }) => ({ at: isoTime(at), ...rest })),
    progress: progress && { ...progress, at: isoTime(progress.at) },
    cut,
    ...(unread !== undefined && { unread }),
  };
}

const FROM = whole("the number of a run: a whole number from 1 up", 1);

function readFrom(c: Context): { readonly from: number } {
  const start = "Cannot show what a task said";
  const { from } = readQuery(new URL(c.req.url).searchParams, ["from"], start);
  return { from: from === undefined ? 1 : FROM.readText(from, `${start}: from`) };
}

function readWait(c: Context): { readonly wait: number } {
  const name = "Cannot wait for a task: wait";
  const wait = parseDuration(c.req.query("wait") ?? "0s", name);
  if (wait >= 0 && wait <= LONGEST_WAIT_MS) return { wait };
  throw new TqError("invalid", `${name} must be a length of time from 0s to 5m`);
}

/**
 * Resolves once the task has ended, the time has passed or the client has gone away.
 *
 * @returns true where it has waited
 */
async function endWithin(c: Context, store: Store, id: number, wait: number): Promise<boolean> {
  if (wait === 0) return false;
  const late = new AbortController();
  const callOff = store.after(wait, () => late.abort());
  const signal = AbortSignal.any([late.signal, c.req.raw.signal]);
  try {
    await endOf(store, id, signal);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    callOff();
  }
  return true;
}
