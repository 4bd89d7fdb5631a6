/** @jsxImportSource hono/jsx */
/** Pushes a task by a form: a new one, or a task that is there once more with changes. */
import { type Context, Hono } from "hono";
import { isTqError, noSuchTask } from "../../../errors.ts";
import { callName, isFunctionCall, type Task } from "../../../task.ts";
import type { AdminEnv } from "../../access/access.ts";
import { checkPushable } from "../../access/allowed-calls.ts";
import { readJsonText } from "../../input/json-body.ts";
import { readPush } from "../../input/new-tasks.ts";
import { readId } from "../../input/queries.ts";
import type { Signature } from "../../../registry/signatures/signatures.ts";
import type { Desk } from "../desk.tsx";
import { fieldsOf, refusedForm, timeOf } from "../form.tsx";
import { pushKeyOf } from "../push-once.tsx";
import { WORDS } from "../words.ts";
import { zoneOfForm } from "../zone.tsx";
import { fieldName, isArgumentField, readArguments, type Texts, textsOf } from "./arguments.ts";
import { formPage, type Given } from "./push-form.tsx";
import { withSecrets } from "./run-again.ts";

/** The fields whose text is JSON. */
const JSON_FIELDS: readonly string[] = ["instances", "args", "context", "user", "priority"];

export function pushPages(desk: Desk): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.get("/push", desk.formFor("push"), async (c) => {
    const mayRunAgain = c.req.query("task") === undefined || desk.may(c, "read");
    return mayRunAgain ? formPage(c, desk, await givenBy(c, desk)) : desk.lacksRead(c);
  });
  app.post("/push", desk.formFor("push"), (c) => push(c, desk));
  return app;
}

/** The first values of the form: those of the task to be run again, or of the address. */
async function givenBy(c: Context, desk: Desk): Promise<Given> {
  const again = c.req.query("task");
  if (again === undefined) {
    const { call, ...values } = c.req.query();
    const [model = "", method] = call?.split(/ (.*)/s) ?? [];
    const chosen = call === undefined ? {} : { model, ...(method !== undefined && { method }) };
    return inFields(desk, { title: WORDS.push.title, values: { ...values, ...chosen } });
  }
  const id = readId(again, "run again");
  const task = await desk.store.get(id);
  if (task === null) throw noSuchTask(`run task ${id} again`);
  return inFields(desk, {
    title: WORDS.push.again(id),
    values: valuesOf(task),
    again: String(id),
    ...(task.policy !== null && { note: WORDS.push.lost }),
  });
}

function valuesOf(task: Task): Texts {
  const { model, method, instances, args, context, user, queue, priority } = task;
  const call = isFunctionCall(task) ? {} : { method, instances: JSON.stringify(instances) };
  return {
    model,
    ...call,
    args: JSON.stringify(args),
    context: JSON.stringify(context),
    user: String(user),
    queue,
    priority: String(priority),
  };
}

/** The arguments of the call that the form names, as far as they are known; null: nothing, and they are JSON. */
async function signatureFor(desk: Desk, { model = "", method }: Texts): Promise<Signature | null> {
  return (await desk.options.signature?.(callName(model, method || null))) ?? null;
}

/** With a field for each argument, where these are known and what is given fits into them. */
async function inFields(desk: Desk, given: Given): Promise<Given> {
  const signature = await signatureFor(desk, given.values);
  const { args, ...values } = given.values;
  if (signature === null) return given;
  if (args === undefined) return { ...given, signature, texts: {} };
  const list = readList(args);
  const texts = list === null ? null : textsOf(signature, list);
  if (texts === null) return { ...given, isJson: true, signature, unfit: WORDS.push.unfit };
  return { ...given, values, signature, texts };
}

function readList(text: string): readonly unknown[] | null {
  try {
    const read = readJsonText(text, "");
    return Array.isArray(read) ? read : null;
  } catch (error) {
    if (isTqError(error)) return null;
    throw error;
  }
}

/** Fields that are wrong, by their names. */
class FieldFaults extends Error {
  readonly faults: Texts;

  constructor(faults: Texts) {
    super();
    this.faults = faults;
  }
}

/** The fields that are no part of a push. */
const OWN_FIELDS: readonly string[] = ["form_token", "zone", "push_key"];

async function push(c: Context<AdminEnv>, desk: Desk): Promise<Response> {
  const { options, store } = desk;
  const fields = await fieldsOf(c);
  const { title = WORDS.push.title, again, as, json, ...rest } = fields;
  const values = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !isArgumentField(name) && !OWN_FIELDS.includes(name)),
  );
  const signature = await signatureFor(desk, values);
  const texts = await argumentTexts(c);
  const isTyped = signature !== null && values["args"] === undefined && json === undefined;
  const form: Given = {
    title,
    values,
    ...(again !== undefined && { again }),
    ...(signature && { signature, isJson: !isTyped, texts }),
  };
  const key = as === undefined ? pushKeyOf(c, { ...fields, ...texts }) : undefined;
  try {
    if (again !== undefined && !desk.may(c, "read")) return await desk.lacksRead(c);
    const earlier = key === undefined ? null : await store.pushKeys.find(key);
    if (earlier !== null) return afterPush(c, desk, earlier);
    const isEmpty = Object.values(texts).every((text) => text === "");
    if (as === "json" && isEmpty) return await formPage(c, desk, asJson(form, []));
    if (as === "fields")
      return await formPage(c, desk, await inFields(desk, { ...form, isJson: false }));
    const given = readValues(values, store.now(), zoneOfForm(fields), {
      signature: isTyped ? signature : null,
      texts,
    });
    if (as === "json") return await formPage(c, desk, asJson(form, given["args"]));
    const id = again === undefined ? null : readId(again, "run again");
    const body = await withSecrets(given, id, { shown: store, stored: options.stored });
    const { batchSize = 20 } = options;
    const { pushes, tasks } = readPush(body, { now: store.now(), batchSize });
    checkPushable(options, pushes);
    if (tasks.length === 0) throw new FieldFaults({ instances: WORDS.push.faults.noRecords });
    const { ids } =
      key === undefined ? { ids: await store.push(tasks) } : await store.pushKeys.push(tasks, key);
    return afterPush(c, desk, ids);
  } catch (error) {
    if (error instanceof FieldFaults) {
      const { faults } = error;
      const refusal = refusalOf(faults, signature ?? []);
      return formPage(c, desk, { ...form, faults, refusal });
    }
    const { sentence } = await refusedForm(c, error);
    return formPage(c, desk, { ...form, refusal: sentence });
  }
}

function afterPush(c: Context<AdminEnv>, desk: Desk, [pushed]: readonly number[]): Response {
  return c.redirect(desk.may(c, "read") ? `/tasks/${pushed}` : `/push?done=${pushed}`, 303);
}

/** Above the form stands how many fields are wrong, and what is wrong with those that it does not have. */
function refusalOf(faults: Texts, signature: Signature): string {
  const fields = new Set<string>([...Object.keys(WORDS.push.fields), ...signature.map(fieldName)]);
  const unseen = Object.keys(faults).filter((name) => !fields.has(name));
  const count = WORDS.push.faults.count(Object.keys(faults).length);
  return [count, ...unseen.map((name) => faults[name])].join(" ");
}

function asJson(form: Given, args: unknown): Given {
  return { ...form, isJson: true, values: { ...form.values, args: JSON.stringify(args ?? []) } };
}

/** As they were typed. */
async function argumentTexts(c: Context): Promise<Texts> {
  const all = Object.entries(await c.req.parseBody());
  return Object.fromEntries(
    all.flatMap(([name, text]) =>
      isArgumentField(name) && typeof text === "string" ? [[name, text] as const] : [],
    ),
  );
}

interface TypedArguments {
  /** null: the arguments are JSON. */
  readonly signature: Signature | null;
  readonly texts: Texts;
}

/**
 * The values of the fields as the body of a push has them.
 *
 * @throws FieldFaults with what is wrong in each.
 */
function readValues(
  values: Texts,
  now: number,
  zone: string | undefined,
  { signature, texts }: TypedArguments,
): Readonly<Record<string, unknown>> {
  const faults: Record<string, string> = {};
  const given: Record<string, unknown> = {};
  for (const [name, text = ""] of Object.entries(values)) {
    try {
      given[name] = valueOf(name, text, now, zone);
    } catch (error) {
      if (!isTqError(error)) throw error;
      faults[name] = `${error.message}.`;
    }
  }
  if (values["method"] !== undefined && values["instances"] === undefined) {
    faults["instances"] = WORDS.push.faults.recordsMissing;
  }
  if (signature !== null) {
    const read = readArguments(signature, texts);
    given["args"] = read.args;
    Object.assign(faults, read.faults);
  } else if (Object.keys(texts).length > 0 && values["args"] === undefined) {
    faults["args"] = WORDS.push.faults.unknown;
  }
  if (Object.keys(faults).length > 0) throw new FieldFaults(faults);
  return given;
}

function valueOf(name: string, text: string, now: number, zone?: string): unknown {
  if (name === "scheduled_at") return timeOf(text, "Cannot push: scheduled_at", now, zone);
  return JSON_FIELDS.includes(name) ? readJsonText(text, `Cannot read ${name}`) : text;
}
