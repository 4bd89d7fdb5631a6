/** The operations that look at recurring tasks: when they come, and what became of their slots. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import type { Store } from "../../store/store.ts";
import { rowNamed } from "../../tasks/cron/control.ts";
import type { FileCrons } from "../../tasks/cron/known.ts";
import { explainedRecurring, listRecurring, recurringNotes } from "../../tasks/cron/listed.ts";
import { recurringSlot } from "../../tasks/cron/recurring.ts";
import { digits } from "../input/fields.ts";
import { Problems } from "../input/check.ts";
import { readQuery } from "../input/queries.ts";
import { cronName, type CronOptions, filesNow } from "./cron-changes.ts";
import {
  EXPLANATION,
  LISTED,
  shownExplanation,
  shownRecurring,
  shownSlot,
  SLOT,
} from "./cron-schemas.ts";
import type { AdminEnv } from "../access/access.ts";
import { operation, reads } from "./operation.ts";
import { queryField } from "./task-query.ts";

const TAG = "recurring tasks";

const LIST = v.object({
  recurring: v.array(LISTED),
  notes: v.pipe(
    v.array(v.string()),
    v.description("Why their slots are not decided now, and which of them cannot be read"),
  ),
});

const SHOWN = v.object({ ...LISTED.entries, explanation: EXPLANATION });

const KEPT_SLOTS = 1_000;
const LIMIT = digits(`a whole number from 1 to ${KEPT_SLOTS}`, KEPT_SLOTS);

export function cronOperations(options: CronOptions) {
  const { store } = options;
  return new Hono<AdminEnv>()
    .get(
      "/cron",
      operation({
        id: "listRecurring",
        tag: TAG,
        roles: ["read"],
        summary: "List the recurring tasks: when they come, and what became of their last slots",
        answers: { 200: { description: "Those of the database and of tq.toml", schema: LIST } },
      }),
      async (c) => {
        const notes = await recurringNotes(store);
        const tasks = await listRecurring(store, filesNow(options), (why) => notes.push(why));
        return c.json({ recurring: tasks.map(shownRecurring), notes });
      },
    )
    .get(
      "/cron/:name",
      operation({
        id: "showRecurring",
        tag: TAG,
        roles: ["read"],
        summary: "Show a recurring task with its next ten times, and what daylight saving does",
        answers: { 200: { description: "The recurring task", schema: SHOWN } },
        refusals: ["not_found"],
      }),
      cronName(),
      async (c) => {
        const { name } = c.req.valid("param");
        return c.json(await wholeRecurring(store, filesNow(options), name));
      },
    )
    .get(
      "/cron/:name/history",
      operation({
        id: "listSlots",
        tag: TAG,
        roles: ["read"],
        summary: "List what became of the last slots of a recurring task, the newest first",
        answers: {
          200: { description: "Its slots", schema: v.object({ slots: v.array(SLOT) }) },
        },
        refusals: ["not_found"],
      }),
      cronName(),
      reads(
        "query",
        v.object({ limit: queryField(`At most so many, to ${KEPT_SLOTS}; default: 20`) }),
        readLimit,
      ),
      async (c) => {
        const { name } = c.req.valid("param");
        await rowNamed(store, name);
        const slots = await store.cron.slots(name, c.req.valid("query").limit);
        return c.json({ slots: slots.map((slot) => shownSlot(recurringSlot(slot))) });
      },
    );
}

async function wholeRecurring(store: Store, files: FileCrons, name: string) {
  const { task, explanation } = await explainedRecurring(store, files, name);
  return { ...shownRecurring(task), explanation: shownExplanation(explanation) };
}

function readLimit(c: Context): { readonly limit: number } {
  const action = "Cannot list slots";
  const { limit = "20" } = readQuery(new URL(c.req.url).searchParams, ["limit"], action);
  const problems = new Problems(action);
  const read = problems.check(LIMIT, limit, "limit") ?? 0;
  problems.throwIfAny();
  return { limit: read };
}
