/** The operations on queues: how they stand, and pauses of them and of methods. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import type { NewPause } from "../../store/pauses.ts";
import type { Store } from "../../store/store.ts";
import {
  BY,
  NAMES,
  newPause,
  type PauseOptions,
  type Pausing,
  readTarget,
  REASON,
} from "../../tasks/pauses.ts";
import { type JsonForm, time } from "../../values/option-kinds.ts";
import { described } from "../input/fields.ts";
import { readObject } from "../input/json-body.ts";
import { type AdminEnv, callerName } from "../access/access.ts";
import { operation, reads } from "./operation.ts";
import { QUEUE, shownQueue } from "./queue-schemas.ts";
import { PAUSE, shownPause } from "./schemas.ts";

const TAG = "queues";

const UNTIL = time();

/** Fields that the functions for pauses read. */
const said = (json: JsonForm, help: string) =>
  v.optional(v.pipe(v.unknown(), described(json, help)));

const TARGET = v.object({
  queue: said(NAMES.queue.json, "Either this queue, or those of this pattern"),
  task: said(NAMES.task.json, "Or this method or function, or those of this pattern"),
});

const NEW_PAUSE = v.object({
  ...TARGET.entries,
  reason: said(REASON.json, "Why it is paused"),
  by: said(BY.json, "The person or program that pauses; default: the name of the token"),
  until: said(UNTIL.json, "When it ends by itself; default: when it is resumed"),
});

export function queueOperations(store: Store) {
  return new Hono<AdminEnv>()
    .get(
      "/queues",
      operation({
        id: "listQueues",
        tag: TAG,
        roles: ["read"],
        summary: "List the queues: their tasks, their last hour, their forecasts",
        answers: {
          200: { description: "The queues", schema: v.object({ queues: v.array(QUEUE) }) },
        },
      }),
      async (c) => {
        const { queues, last_hour: hours } = await store.status();
        const hourOf = new Map(hours.map(({ queue, ...hour }) => [queue, hour]));
        return c.json({
          queues: queues.map((one) => ({
            ...shownQueue(one),
            last_hour: hourOf.get(one.queue) ?? null,
          })),
        });
      },
    )
    .get(
      "/pauses",
      operation({
        id: "listPauses",
        tag: TAG,
        roles: ["read"],
        summary: "List the pauses in force, the oldest first",
        answers: {
          200: { description: "The pauses", schema: v.object({ pauses: v.array(PAUSE) }) },
        },
      }),
      async (c) => c.json({ pauses: (await store.pauses.list()).map(shownPause) }),
    )
    .post(
      "/pauses",
      operation({
        id: "pause",
        tag: TAG,
        roles: ["admin"],
        summary: "Let no task of a queue or a method begin; running ones end",
        answers: { 200: { description: "The pause", schema: PAUSE } },
        refusals: ["uncertain"],
      }),
      reads("json", NEW_PAUSE, (c: Context<AdminEnv>) => readPause(c, store)),
      async (c) => c.json(shownPause(await store.pauses.pause(c.req.valid("json")))),
    )
    .post(
      "/pauses/resume",
      operation({
        id: "resume",
        tag: TAG,
        roles: ["admin"],
        summary: "End a pause of a queue or a method",
        answers: { 200: { description: "The pause that has ended", schema: PAUSE } },
        refusals: ["not_found", "uncertain"],
      }),
      reads("json", TARGET, async (c) => {
        const target = await readObject(c, TARGET, "Cannot resume");
        return readTarget(target as Pausing, "Cannot resume: ");
      }),
      async (c) => c.json(shownPause(await store.pauses.resume(c.req.valid("json")))),
    );
}

async function readPause(c: Context<AdminEnv>, store: Store): Promise<NewPause> {
  const read = await readObject(c, NEW_PAUSE, "Cannot pause");
  const { queue, task, until, by = callerName(c), ...options } = read;
  const target = readTarget({ queue, task } as Pausing, PAUSE_START);
  const now = store.now();
  const end = until ?? null;
  const ms =
    end === null ? null : UNTIL.readJson(end, `${PAUSE_START}until`, { now, batchSize: null });
  const moment = ms === null ? {} : { until: Temporal.Instant.fromEpochMilliseconds(ms) };
  return newPause(
    target,
    { ...(options as PauseOptions), by: by as string, ...moment },
    now,
    PAUSE_START,
  );
}

const PAUSE_START = "Cannot pause: ";
