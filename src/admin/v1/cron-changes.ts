/** The operations by which people change recurring tasks: add, edit, pause, run now. The workers obey within seconds. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { cannotAdd, type CronDefinition, readCron } from "../../cron/definition.ts";
import { KEY_ROWS } from "../../cron/key-help.ts";
import { DATABASE_ORIGIN } from "../../cron/ledger.ts";
import { takenWords } from "../../cron/origin.ts";
import { TqError } from "../../errors.ts";
import { fieldOf } from "../../policies/table.ts";
import { checkCronTask } from "../../tasks/cron/check-task.ts";
import {
  calledAfter,
  definitionAfter,
  type Changed,
  earlierKeys,
  editCron,
  keyChanges,
  pauseCron,
  resetCron,
  resumeCron,
  unchangedCron,
} from "../../tasks/cron/control.ts";
import {
  cronFileNow,
  type FileCrons,
  mergeFiles,
  removeCron,
  takeUp,
} from "../../tasks/cron/known.ts";
import { recurringTask } from "../../tasks/cron/recurring.ts";
import { runKnown } from "../../tasks/cron/run-known.ts";
import type { RunOptions } from "../../tasks/cron/control.ts";
import { BY, REASON } from "../../tasks/pauses.ts";
import { time } from "../../values/option-kinds.ts";
import type { AdminOptions } from "../app.ts";
import { checkRecurringAllowed } from "../access/allowed-calls.ts";
import { described, readField } from "../input/fields.ts";
import { readObject, readPlainObject } from "../input/json-body.ts";
import { CHANGED, RECURRING, shownRecurring } from "./cron-schemas.ts";
import { type AdminEnv, callerName } from "../access/access.ts";
import { operation, reads } from "./operation.ts";
import { TASK, withIsoTimes } from "./schemas.ts";

const TAG = "recurring tasks";

const UNTIL = time();

const BY_FIELD = readField(
  BY.read,
  BY.json,
  "The person or program that does it; default: the name of the token",
);

const PAUSE = v.object({
  reason: v.optional(readField(REASON.read, REASON.json, "Why it is paused")),
  by: v.optional(BY_FIELD),
  until: v.optional(
    v.pipe(
      v.unknown(),
      described(UNTIL.json, "When it goes on by itself; default: when it is resumed"),
    ),
  ),
});

const RUN = v.object({
  by: v.optional(BY_FIELD),
  force: v.optional(
    v.pipe(
      v.boolean("true or false"),
      v.description("Also where the task before has not ended and its overlap is skip or wait"),
    ),
  ),
});

/** `readCron` checks them. */
const KEYS = v.object(
  Object.fromEntries(
    KEY_ROWS.map(({ field, help, allowed }) => [
      field,
      v.optional(v.pipe(v.unknown(), described({}, `${help}: ${allowed}`))),
    ]),
  ) as Record<string, v.OptionalSchema<v.UnknownSchema, undefined>>,
);

const NAME = v.object({ name: v.pipe(v.string(), v.description("The name of a recurring task")) });

const ADDED = v.object({ ...NAME.entries, ...KEYS.entries });

const PUSHED = v.object({
  name: v.string(),
  task: v.pipe(
    v.nullable(TASK),
    v.description("null: it is one of tq's own, which a worker does at once without a task"),
  ),
});

export function cronName() {
  return reads("param", NAME, (c) => ({ name: c.req.param("name") ?? "" }));
}

export type CronOptions = Pick<AdminOptions, "store" | "config" | "catalog" | "crons" | "pushable">;

/** The recurring tasks of the models, as the server has loaded them, and of tq.toml as it is now. */
export function filesNow({ config, crons = () => [] }: CronOptions): FileCrons {
  return mergeFiles(crons(), cronFileNow(config));
}

/** Runs one now, where requests may push what it calls. */
export function runAllowed(
  options: CronOptions,
  name: string,
  run: RunOptions,
): Promise<number | null> {
  const { store, catalog } = options;
  const check = (definition: CronDefinition) => checkRecurringAllowed(options, definition);
  return runKnown({ store, files: filesNow(options), catalog, check }, name, run);
}

export function cronChanges(options: CronOptions) {
  const { store, catalog } = options;
  /** A change of one that only a file has takes it up first. */
  const known = (name: string) => takeUp(store, filesNow(options), name);
  const shown = async ({ after }: Changed) => shownRecurring(await recurringTask(store, after));
  const withEarlier = async (changed: Changed) => {
    return { ...(await shown(changed)), was: earlierKeys(await keyChanges(store, changed)) };
  };
  return new Hono<AdminEnv>()
    .post(
      "/cron",
      operation({
        id: "addRecurring",
        tag: TAG,
        roles: ["admin"],
        summary: "Make a recurring task in the database",
        answers: { 201: { description: "The recurring task", schema: RECURRING } },
        refusals: ["not_found", "conflict", "uncertain"],
      }),
      reads("json", ADDED, readAddition),
      async (c) => {
        const definition = c.req.valid("json");
        const { name, text } = definition;
        const { all, onRecords } = filesNow(options);
        const taken = all.find((one) => one.name === name);
        if (taken !== undefined) {
          throw new TqError("conflict", takenWords({ ...taken, removedAt: null }));
        }
        checkRecurringAllowed(options, definition);
        checkCronTask(definition, { catalog: catalog(), onRecords }, cannotAdd(name));
        const row = await store.cron.add(DATABASE_ORIGIN, { name, definition: text });
        const location = { Location: `/api/v1/cron/${encodeURIComponent(name)}` };
        return c.json(shownRecurring(await recurringTask(store, row)), 201, location);
      },
    )
    .patch(
      "/cron/:name",
      change("editRecurring", "Have the database say other times, or other keys, than the file"),
      cronName(),
      reads("json", KEYS, readEdit),
      async (c) => {
        const { name } = c.req.valid("param");
        const said = c.req.valid("json");
        await known(name);
        checkRecurringAllowed(options, await definitionAfter(store, name, said));
        const called = await calledAfter(store, name, said);
        const { onRecords } = filesNow(options);
        const calls = { catalog: catalog(), onRecords };
        if (called !== null) checkCronTask(called, calls, `Cannot edit ${name}`);
        return c.json(await withEarlier(await editCron(store, name, said)));
      },
    )
    .post(
      "/cron/:name/reset",
      change("resetRecurring", "Take back what was edited: the definition counts again"),
      cronName(),
      async (c) => {
        const { name } = c.req.valid("param");
        await known(name);
        const changed = await resetCron(store, name);
        return c.json(await withEarlier(changed ?? (await unchangedCron(store, name))));
      },
    )
    .post(
      "/cron/:name/pause",
      hold("pauseRecurring", "Hold a recurring task back: its slots pass, and are not caught up"),
      cronName(),
      reads("json", PAUSE, (c) => readObject(c, PAUSE, `Cannot pause ${c.req.param("name")}`)),
      async (c) => {
        const { name } = c.req.valid("param");
        const { until, reason = null, by = callerName(c) } = c.req.valid("json");
        const basis = { now: store.now(), batchSize: null };
        const start = `Cannot pause ${name}: until`;
        const end = (until ?? null) === null ? null : UNTIL.readJson(until, start, basis);
        await known(name);
        const pause = { reason, until: end, by };
        return c.json(await shown(await pauseCron(store, name, pause)));
      },
    )
    .post(
      "/cron/:name/resume",
      hold("resumeRecurring", "End a pause; the slots that passed meanwhile are not caught up"),
      cronName(),
      async (c) => {
        const { name } = c.req.valid("param");
        await known(name);
        const changed = await resumeCron(store, name);
        return c.json(await shown(changed ?? (await unchangedCron(store, name))));
      },
    )
    .post(
      "/cron/:name/run",
      operation({
        id: "runRecurring",
        tag: TAG,
        roles: ["admin"],
        summary: "Push the task of a recurring task now, beside its schedule",
        answers: { 200: { description: "The task that was pushed", schema: PUSHED } },
        refusals: ["not_found", "conflict", "full", "uncertain"],
      }),
      cronName(),
      reads("json", RUN, (c) => readObject(c, RUN, `Cannot run ${c.req.param("name")}`)),
      async (c) => {
        const { name } = c.req.valid("param");
        const { by = callerName(c), force = false } = c.req.valid("json");
        const run = { force, by };
        const id = await runAllowed(options, name, run);
        const task = id === null ? null : await store.get(id);
        return c.json({ name, task: task && withIsoTimes(task) });
      },
    )
    .delete(
      "/cron/:name",
      operation({
        id: "removeRecurring",
        tag: TAG,
        roles: ["admin"],
        summary: "Remove a recurring task that was added to the database, with its history",
        answers: {
          200: { description: "It is removed; the tasks it pushed stay", schema: REMOVED },
        },
        refusals: ["not_found", "conflict", "uncertain"],
      }),
      cronName(),
      async (c) => {
        const { name } = c.req.valid("param");
        await removeCron(store, async () => filesNow(options), name);
        return c.json({ name, removed: true as const });
      },
    );
}

const REMOVED = v.object({ name: v.string(), removed: v.literal(true) });

function change(id: string, summary: string) {
  const answers = { 200: { description: "The recurring task, as it is then", schema: CHANGED } };
  const refusals = ["not_found", "conflict", "uncertain"] as const;
  return operation({ id, tag: TAG, roles: ["admin"], summary, answers, refusals });
}

function hold(id: string, summary: string) {
  const answers = { 200: { description: "The recurring task, as it is then", schema: RECURRING } };
  const refusals = ["not_found", "conflict", "uncertain"] as const;
  return operation({ id, tag: TAG, roles: ["admin"], summary, answers, refusals });
}

async function readAddition(c: Context): Promise<CronDefinition> {
  const { name, ...said } = await readPlainObject(c, "Cannot add a recurring task");
  if (typeof name === "string") return readCron(name, said, cannotAdd(name), fieldOf, ": ");
  const why = "name is missing: it must be a name of your choosing";
  throw new TqError("invalid", `Cannot add a recurring task: ${why}`);
}

async function readEdit(c: Context): Promise<Readonly<Record<string, unknown>>> {
  const start = `Cannot edit ${c.req.param("name")}`;
  const said = await readPlainObject(c, start);
  if (Object.keys(said).length > 0) return said;
  throw new TqError(
    "invalid",
    `${start}: say what is to change, such as {"schedule": "0 3 * * *"}`,
  );
}
