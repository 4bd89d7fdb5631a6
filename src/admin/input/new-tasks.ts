/** Turns the body of a push into the tasks that the store takes. */
import * as v from "valibot";
import type { KnownCall } from "../../call-patterns.ts";
import { TqError } from "../../errors.ts";
import { refuseBatchOfFunction, toTasks } from "../../push/division.ts";
import type { Basis } from "../../values/option-kinds.ts";
import { CALL, TASK_OPTIONS, type TaskOption, toColumns } from "../../push/task-options.ts";
import { refuseMask } from "../../redaction/mask-given.ts";
import { FUNCTION_METHOD, type NewTask, NO_INSTANCES } from "../../task.ts";
import { leaveGarbage } from "../garbage.ts";
import { Problems } from "./check.ts";
import { described, readField, whole } from "./fields.ts";
import { ARGS, CONTEXT, NAMED } from "./json-fields.ts";

const IDS = v.array(whole("an id: a whole number"));
const ONE_OR_MORE = whole("an id like 7, or a list of ids like [7, 8]");
const AN_ID = { type: "integer" };
const INSTANCES = v.pipe(
  v.unknown(),
  described({ anyOf: [AN_ID, { type: "array", items: AN_ID }] }, CALL.instances.help),
  v.rawTransform<unknown, number | number[]>(({ dataset: { value }, addIssue, NEVER }) => {
    const read = v.safeParse(Array.isArray(value) ? IDS : ONE_OR_MORE, value);
    if (read.success) return read.output;
    for (const { message, input, path } of read.issues) {
      addIssue({ message, input, ...(path && { path }) });
    }
    return NEVER;
  }),
);

const METHOD = ofCall("method");
const ABSENT = v.nullish(v.null(), null);

/** The basis of the push that is being read: a push is read in one go, and building schemas takes longer than that. */
let basisNow: Basis = { now: 0, batchSize: null };

/** One push: the call, and the options. A field that is null counts as not given, unless that means "none". */
export const PUSH_SCHEMAS = pushSchemas();

function pushSchemas() {
  const options = TASK_OPTIONS.map(({ field, kind, preset, hasNone, help }) => {
    const read = readField((value, name) => kind.readJson(value, name, basisNow), kind.json, help);
    return [field, hasNone ? v.optional(read) : v.nullish(read, preset)] as const;
  });
  const model = ofCall("model");
  const rest = {
    args: v.nullish(ARGS, () => []),
    kwargs: v.nullish(NAMED, () => ({})),
    user: v.nullish(ofCall("user"), CALL.user.preset),
    context: v.nullish(CONTEXT, () => ({})),
    ...Object.fromEntries(options),
  };
  const ofMethod = v.object({ model, method: METHOD, instances: INSTANCES, ...rest });
  const ofFunction = v.object({ model, method: ABSENT, instances: ABSENT, ...rest });
  return { ofMethod, ofFunction };
}

function ofCall<Part extends "model" | "method" | "user">(part: Part) {
  const { kind, help } = CALL[part];
  return readField<ReturnType<(typeof CALL)[Part]["kind"]["readJson"]>>(
    kind.readJson as never,
    kind.json,
    help,
  );
}

/** True for a body with neither method nor instances: it is meant for a plain function. */
function isFunctionCall(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  const { method, instances } = body as Readonly<Record<string, unknown>>;
  return (method ?? instances ?? null) === null;
}

type Push = v.InferOutput<(typeof PUSH_SCHEMAS)["ofMethod" | "ofFunction"]>;

interface PushRequest {
  /** True when the body is one push, no list, for one instance: it is answered with one id. */
  readonly single: boolean;
  /** The calls of these pushes, each once: the pushes themselves are garbage as soon as they are tasks. */
  readonly pushes: readonly KnownCall[];
  readonly tasks: readonly NewTask[];
}

/** More tasks would keep the server, and the write lock, for longer than half a second. */
const MAX_TASKS = 50_000;

/** Garbage is counted after so many pushes: counting it takes longer than to read one. */
const GARBAGE_PUSHES = 1_000;

/** Bytes of garbage that reading a push leaves behind. */
const GARBAGE_EACH = 1_600;

/**
 * The tasks are not stored yet, and whether their models exist is for the caller to check.
 *
 * @param basis what lengths of time and `batch: true` count from
 * @throws TqError `invalid` with what is wrong in the pushes: in all of them, unless very much is.
 */
export function readPush(body: unknown, basis: Basis): PushRequest {
  const problems = new Problems("Cannot push");
  const { ofMethod, ofFunction } = PUSH_SCHEMAS;
  basisNow = basis;
  const bodies: unknown[] = Array.isArray(body) ? body : [body];
  const calls = new Map<string, KnownCall>();
  const tasks: NewTask[] = [];
  for (const [index, item] of bodies.entries()) {
    if ((index + 1) % GARBAGE_PUSHES === 0) leaveGarbage(GARBAGE_PUSHES * GARBAGE_EACH);
    const place = Array.isArray(body) ? `[${index}]` : "";
    const push = problems.read(isFunctionCall(item) ? ofFunction : ofMethod, item, place);
    if (push === undefined) {
      if (problems.isFull)
        problems.throwIfAny(Array.isArray(body) ? ` in the first ${index + 1} pushes` : "");
      continue;
    }
    const { model, method } = push;
    calls.set(`${model}\0${method ?? ""}`, { model, method }); // no name has a NUL
    const divided = problems.attempt(() => tasksOf(push, basis, place));
    for (const task of divided ?? []) tasks.push(task);
    if (tasks.length > MAX_TASKS) throw tooMany();
  }
  problems.throwIfAny();
  const single =
    !Array.isArray(body) && !Array.isArray((body as { instances?: unknown }).instances);
  return { single, pushes: [...calls.values()], tasks };
}

function tooMany(): TqError {
  const why = `one request makes at most ${MAX_TASKS} tasks; push in parts`;
  return new TqError("invalid", `Cannot push: ${why}`);
}

/** @param place names this push among several: `[3]`; "" where it is the only one. */
function tasksOf(push: Push, basis: Basis, place: string): NewTask[] {
  const { model, method, instances, args, kwargs, user, context } = push;
  const hasNamed = Object.keys(kwargs).length > 0;
  const { batch, ...options } = optionsOf(push);
  refuseMask([args, kwargs, context], place);
  const common = {
    model,
    method: method ?? FUNCTION_METHOD,
    // JSON.stringify writes them as they came: the body holds the tags of encoded values already.
    args: JSON.stringify(hasNamed ? [...args, kwargs] : args),
    context: JSON.stringify(context),
    user,
    ...toColumns(options, basis, place && `${place}: `),
  };
  if (instances === null) {
    refuseBatchOfFunction(batch, `${place && `${place}.`}batch`);
    return [{ ...common, instances: NO_INSTANCES }];
  }
  return toTasks(common, instances, batch, `${place && `${place}.`}ref`);
}

function optionsOf(push: Readonly<Record<string, unknown>>) {
  const options: Partial<Record<TaskOption["key"], unknown>> = {};
  for (const { key, field } of TASK_OPTIONS) options[key] = push[field];
  return options as typeof options & { readonly batch: number | null };
}
