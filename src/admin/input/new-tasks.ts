/** From the body of a push to the tasks that the store takes. */
import * as v from "valibot";
import type { NewTask } from "../../task.ts";
import { Problems } from "./check.ts";
import { text, whole } from "./fields.ts";
import { ARGS, CONTEXT, NAMED } from "./json-fields.ts";
import { AT } from "./time-field.ts";

const ID = whole("an id: a whole number");
const IDS = v.array(ID);
const INSTANCES = v.lazy((input): v.GenericSchema<unknown, number | number[]> => {
  if (Array.isArray(input)) return IDS;
  return whole("an id like 7, or a list of ids like [7, 8]");
});

const PRIORITY = "a whole number; higher runs first";
const BATCH = "true, or how many instances each task gets: a whole number from 1 up";

/** One push: the columns of `tq_push`, and `batch`. What is null counts as not given. */
const PUSH = v.object({
  model: text("the name of a model"),
  method: text("the name of a method"),
  instances: INSTANCES,
  args: v.nullish(ARGS, () => []),
  kwargs: v.nullish(NAMED, () => ({})),
  user: v.nullish(whole("the id of a user: a whole number from 0 up", 0), 0),
  context: v.nullish(CONTEXT, () => ({})),
  queue: v.nullish(text("the name of a queue"), "default"),
  priority: v.nullish(whole(PRIORITY), 0),
  scheduled_at: v.nullish(AT, null),
  expected_at: v.nullish(AT, null),
  batch: v.nullish(v.union([v.boolean(), whole(BATCH, 1)], BATCH), false),
  ref: v.nullish(text("a name that no other task has"), null),
});

type Push = v.InferOutput<typeof PUSH>;

interface PushRequest {
  /** True when the body is one push for one instance, which is answered with one id. */
  readonly single: boolean;
  readonly pushes: readonly Push[];
}

/** @throws TqError `invalid` with everything that is wrong in all pushes. */
export function readPush(body: unknown): PushRequest {
  const problems = new Problems("Cannot push");
  const bodies: unknown[] = Array.isArray(body) ? body : [body];
  const pushes: Push[] = [];
  for (const [index, item] of bodies.entries()) {
    const place = Array.isArray(body) ? `[${index}]` : "";
    const push = problems.read(PUSH, item, place);
    if (push === undefined) continue;
    pushes.push(push);
    if (push.ref === null || push.batch === false || typeof push.instances === "number") continue;
    problems.add(`${place && `${place}.`}ref cannot be given with batch: each task has its own`);
  }
  problems.end();
  const single = !Array.isArray(body) && typeof pushes[0]?.instances === "number";
  return { single, pushes };
}

/** A list makes one task, or one for each batch; an empty list makes none. One instance makes one task. */
export function toTasks(push: Push, now: number, batchSize: number): NewTask[] {
  const { model, method, user, queue, priority, ref } = push;
  const hasNamed = Object.keys(push.kwargs).length > 0;
  const task = {
    model,
    method,
    args: JSON.stringify(hasNamed ? [...push.args, push.kwargs] : push.args),
    context: JSON.stringify(push.context),
    user,
    queue,
    priority,
    scheduledAt: push.scheduled_at?.(now) ?? null,
    expectedAt: push.expected_at?.(now) ?? null,
    ref,
  };
  const size = push.batch === true ? batchSize : push.batch || Infinity;
  return batches(push.instances, size).map((instances) => ({ ...task, instances }));
}

function batches(instances: number | readonly number[], size: number) {
  if (typeof instances === "number") return [instances];
  const lists: (readonly number[])[] = [];
  for (let at = 0; at < instances.length; at += size) lists.push(instances.slice(at, at + size));
  return lists;
}
