/** The operations that change tasks by hand: retry, cancel, move and delete, of one task or of all that match a filter. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { TqError } from "../../errors.ts";
import { OPTIONS } from "../../push/task-options.ts";
import type { ManyMove, Place, ReadFilter } from "../../store/looking.ts";
import type { Store } from "../../store/store.ts";
import { findAll, movable, moveThese } from "../../tasks/many.ts";
import { text } from "../../values/option-kinds.ts";
import { described, readField } from "../input/fields.ts";
import { readObject } from "../input/json-body.ts";
import { readFilter, readId } from "../input/queries.ts";
import type { AdminEnv } from "../access/access.ts";
import { operation, reads } from "./operation.ts";
import { TASK, withIsoTimes } from "./schemas.ts";
import { FILTER_QUERY, queryField, taskId } from "./task-query.ts";

type Verb = "retry" | "cancel" | "move" | "delete";

const REASON = text("why the task is cancelled");

const CANCEL = v.object({
  reason: v.optional(readField(REASON.read, REASON.json, REASON.allowed)),
});
const PLACE = v.object({
  queue: v.optional(
    readField(OPTIONS.queue.kind.read, OPTIONS.queue.kind.json, "The queue to move it into"),
  ),
  priority: v.optional(
    readField(OPTIONS.priority.kind.read, OPTIONS.priority.kind.json, OPTIONS.priority.help),
  ),
});

/** A proxy takes an address of some kilobytes. */
const MOST_IDS = 500;

const WHICH = v.object({
  ...FILTER_QUERY.entries,
  ids: queryField(`Only those of these tasks: at most ${MOST_IDS} ids with commas between them`),
  dry_run: queryField("true: only count them"),
});

const MOVED = v.object({
  matched: v.pipe(v.number(), described({ type: "integer" }, "The tasks that match")),
  moved: v.pipe(
    v.number(),
    described({ type: "integer" }, "Those that were changed; others changed meanwhile"),
  ),
  dry_run: v.boolean(),
  newest: v.pipe(
    v.nullable(v.number()),
    v.description(
      "The highest id that matches; with `before` one above it, no later task is touched",
    ),
  ),
});

/** Each operation reads its request first, then moves. */
export function moveOperations(store: Store) {
  const which = (verb: Verb) =>
    reads("query", WHICH, (c) => readWhich(new URL(c.req.url).searchParams, verb, store.now()));
  const retry = (): ManyMove => ({ kind: "retry" });
  const remove = (): ManyMove => ({ kind: "delete" });
  return new Hono<AdminEnv>()
    .post("/retry", ofMany("retry", "Retry all ended tasks that match"), which("retry"), (c) =>
      moveMany(c, store, retry(), c.req.valid("query")),
    )
    .post("/delete", ofMany("delete", "Delete all ended tasks that match"), which("delete"), (c) =>
      moveMany(c, store, remove(), c.req.valid("query")),
    )
    .post(
      "/cancel",
      ofMany("cancel", "Cancel all tasks that match and have not ended"),
      which("cancel"),
      reads("json", CANCEL, (c) => readObject(c, CANCEL, "Cannot cancel")),
      (c) => moveMany(c, store, cancelOf(c.req.valid("json")), c.req.valid("query")),
    )
    .post(
      "/move",
      ofMany("move", "Move all waiting tasks that match"),
      which("move"),
      reads("json", PLACE, (c) => readPlace(c)),
      (c) => moveMany(c, store, { kind: "place", ...c.req.valid("json") }, c.req.valid("query")),
    )
    .post(
      "/:id/retry",
      ofOne("retry", "Make an ended task ready again"),
      taskId("retry"),
      async (c) => c.json(withIsoTimes(await store.retry(c.req.valid("param").id))),
    )
    .post(
      "/:id/cancel",
      ofOne("cancel", "Cancel a task that has not ended"),
      taskId("cancel"),
      reads("json", CANCEL, (c) => readObject(c, CANCEL, "Cannot cancel")),
      async (c) => {
        const { reason } = c.req.valid("json");
        return c.json(withIsoTimes(await store.cancel(c.req.valid("param").id, reason)));
      },
    )
    .post(
      "/:id/move",
      ofOne("move", "Put a waiting task into another queue, or give it another priority"),
      taskId("move"),
      reads("json", PLACE, (c) => readPlace(c)),
      async (c) =>
        c.json(withIsoTimes(await store.place(c.req.valid("param").id, c.req.valid("json")))),
    )
    .delete(
      "/:id",
      ofOne("delete", "Delete an ended task with its history"),
      taskId("delete"),
      async (c) => c.json(withIsoTimes(await store.delete(c.req.valid("param").id))),
    );
}

function ofOne(verb: Verb, summary: string) {
  const answers = { 200: { description: "The task as it is then", schema: TASK } };
  const refusals = ["not_found", "conflict", "uncertain"] as const;
  return operation({
    id: `${verb}Task`,
    tag: "tasks",
    roles: ["admin"],
    summary,
    answers,
    refusals,
  });
}

function ofMany(verb: Verb, summary: string) {
  const answers = { 200: { description: "How many", schema: MOVED } };
  const refusals = ["uncertain"] as const;
  return operation({
    id: `${verb}Tasks`,
    tag: "tasks",
    roles: ["admin"],
    summary,
    answers,
    refusals,
  });
}

interface Which {
  readonly filter: ReadFilter;
  /** Only these tasks; null: all that match. */
  readonly ids: readonly number[] | null;
  readonly isDry: boolean;
}

function readWhich(search: URLSearchParams, verb: Verb, now: number): Which {
  const dry = search.get("dry_run") ?? "false";
  const ids = search.get("ids");
  for (const own of ["dry_run", "ids"]) search.delete(own);
  const filter = readFilter(search, now, { verb, hasLimit: false });
  if (dry !== "true" && dry !== "false") {
    throw new TqError("invalid", `Cannot ${verb} tasks: dry_run must be true or false`);
  }
  if (filter.states !== undefined) {
    return { filter, ids: ids === null ? null : readIds(ids, verb), isDry: dry === "true" };
  }
  const why = "say their states, such as ?state=failed";
  throw new TqError("invalid", `Cannot ${verb} tasks: ${why}`);
}

function readIds(written: string, verb: Verb): number[] {
  const ids = new Set(written.split(",").map((id) => readId(id, verb)));
  if (ids.size <= MOST_IDS) return [...ids];
  throw new TqError("invalid", `Cannot ${verb} tasks: ids are at most ${MOST_IDS}; ask in parts`);
}

async function moveMany(c: Context, store: Store, move: ManyMove, which: Which) {
  const { isDry } = which;
  const filter = movable(move, which.filter);
  const { signal } = c.req.raw; // a client that goes away ends the moves between two slices
  const ids = await findThese(store, { ...which, filter }, signal);
  const moved = isDry ? 0 : await moveThese(store, move, ids, filter, { signal });
  return c.json({ matched: ids.length, moved, dry_run: isDry, newest: ids[0] ?? null });
}

/** The newest first. */
async function findThese(store: Store, { filter, ids }: Which, signal: AbortSignal) {
  if (ids === null) return findAll(store, filter, { signal });
  const wanted = new Set(ids);
  const bounds = { after: Math.min(...ids) - 1, before: Math.max(...ids) + 1 };
  const found = await findAll(store, { ...filter, ...bounds }, { signal });
  return found.filter((id) => wanted.has(id));
}

function cancelOf({ reason }: { readonly reason?: string | undefined }): ManyMove {
  return { kind: "cancel", ...(reason !== undefined && { reason }) };
}

async function readPlace(c: Context): Promise<Place> {
  const place = await readObject(c, PLACE, "Cannot move");
  const { queue, priority } = place;
  if (queue !== undefined || priority !== undefined) {
    return { ...(queue !== undefined && { queue }), ...(priority !== undefined && { priority }) };
  }
  throw new TqError("invalid", "Cannot move: say where to, with queue or priority");
}
