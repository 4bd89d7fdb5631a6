/** @jsxImportSource hono/jsx */
/** The form that pushes a task: a new one, or a task that is there once more with changes. */
import { type Context, Hono } from "hono";
import { noSuchTask } from "../../../errors.ts";
import { printable } from "../../../printable.ts";
import { listModels } from "../../../registry/listed-models.ts";
import { callName, isFunctionCall, type Task } from "../../../task.ts";
import type { AdminEnv } from "../../access/access.ts";
import { checkPushable } from "../../access/allowed-calls.ts";
import { readJsonText } from "../../input/json-body.ts";
import { readPush } from "../../input/new-tasks.ts";
import { readId } from "../../input/queries.ts";
import type { Desk } from "../desk.tsx";
import { fieldsOf, refusedForm, RefusalSentence, timeOf } from "../form.tsx";
import { Fact } from "../parts.tsx";
import { PushKeyField, pushKeyOf } from "../push-once.tsx";
import { WORDS } from "../words.ts";
import { ZoneNote, zoneOf, zoneOfForm } from "../zone.tsx";
import { withSecrets } from "./run-again.ts";

const FIELDS = Object.keys(WORDS.push.fields) as (keyof typeof WORDS.push.fields)[];

/** The fields whose text is JSON. */
const JSON_FIELDS: readonly string[] = ["instances", "args", "context", "user", "priority"];

/** The fields that have several lines. */
const LONG_FIELDS: readonly string[] = ["args", "context"];

type Values = Readonly<Partial<Record<string, string>>>;

interface Given {
  readonly title: string;
  readonly values: Values;
  /** Sentences: what is wrong, or lost. */
  readonly refusal?: string;
  readonly note?: string;
  /** The id of the task that is run again. */
  readonly again?: string;
}

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
  if (again === undefined) return { title: WORDS.push.title, values: c.req.query() };
  const id = readId(again, "run again");
  const task = await desk.store.get(id);
  if (task === null) throw noSuchTask(`run task ${id} again`);
  return {
    title: WORDS.push.again(id),
    values: valuesOf(task),
    again: String(id),
    ...(task.policy !== null && { note: WORDS.push.lost }),
  };
}

function valuesOf(task: Task): Values {
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

async function push(c: Context<AdminEnv>, desk: Desk): Promise<Response> {
  const { options, store } = desk;
  const fields = await fieldsOf(c);
  const {
    form_token: _,
    title = WORDS.push.title,
    again,
    zone: __,
    push_key: ___,
    ...values
  } = fields;
  const key = pushKeyOf(c, fields);
  try {
    const earlier = key === undefined ? null : await store.pushKeys.find(key);
    if (earlier !== null) return afterPush(c, desk, earlier);
    const now = store.now();
    const given = Object.fromEntries(
      Object.entries(values).map(([name, text]) => [
        name,
        valueOf(name, text, now, zoneOfForm(fields)),
      ]),
    );
    if (again !== undefined && !desk.may(c, "read")) return await desk.lacksRead(c);
    const id = again === undefined ? null : readId(again, "run again");
    const body = await withSecrets(given, id, { shown: store, stored: options.stored });
    const { batchSize = 20 } = options;
    const { pushes, tasks } = readPush(body, { now, batchSize });
    checkPushable(options, pushes);
    const { ids } =
      key === undefined ? { ids: await store.push(tasks) } : await store.pushKeys.push(tasks, key);
    return afterPush(c, desk, ids);
  } catch (error) {
    const { sentence } = await refusedForm(c, error);
    return formPage(c, desk, {
      title,
      values,
      refusal: sentence,
      ...(again !== undefined && { again }),
    });
  }
}

function afterPush(c: Context<AdminEnv>, desk: Desk, [pushed]: readonly number[]): Response {
  return c.redirect(desk.may(c, "read") ? `/tasks/${pushed}` : `/push?done=${pushed}`, 303);
}

/** The value of a field as the body of a push has it. */
function valueOf(name: string, text: string, now: number, zone?: string): unknown {
  if (name === "scheduled_at") return timeOf(text, "Cannot push: scheduled_at", now, zone);
  return JSON_FIELDS.includes(name) ? readJsonText(text, `Cannot read ${name}`) : text;
}

async function formPage(c: Context<AdminEnv>, desk: Desk, given: Given): Promise<Response> {
  const words = WORDS.push;
  const { title, values, refusal, note, again } = given;
  const done = c.req.query("done") ?? "";
  const content = (
    <>
      <h1>{title}</h1>
      <RefusalSentence sentence={refusal} />
      {/^\d+$/.test(done) && (
        <p class="done" role="status">
          ✓ {words.done(done)}
        </p>
      )}
      {note !== undefined && <p class="warn">⚠ {note}</p>}
      <form method="post" action="/push" class="filter">
        <input type="hidden" name="form_token" value={desk.formToken(c)} />
        <PushKeyField />
        <input type="hidden" name="title" value={title} />
        {again !== undefined && <input type="hidden" name="again" value={again} />}
        {FIELDS.map((name) => (
          <Field name={name} value={values[name] ?? ""} zone={zoneOf(c)} />
        ))}
        <Names desk={desk} />
        <div class="buttons">
          <button>{words.button}</button>
        </div>
      </form>
      <InForce desk={desk} values={values} />
    </>
  );
  return desk.show(c, { title, status: refusal === undefined ? 200 : 422, content });
}

interface FieldProps {
  readonly name: (typeof FIELDS)[number];
  readonly value: string;
  readonly zone: string | undefined;
}

function Field({ name, value, zone }: FieldProps) {
  const { fields, examples } = WORDS.push;
  if (LONG_FIELDS.includes(name)) {
    return (
      <label class="whole">
        {fields[name]}
        <textarea name={name} rows={3} placeholder={examples[name]} spellcheck={false}>
          {value}
        </textarea>
      </label>
    );
  }
  const list = name === "model" ? { list: "models", required: true } : {};
  return (
    <label>
      {fields[name]} {name === "scheduled_at" && <ZoneNote zone={zone} />}
      <input name={name} value={value} placeholder={examples[name]} autocomplete="off" {...list} />
    </label>
  );
}

/** The names of models and functions to choose from. */
function Names({ desk }: { readonly desk: Desk }) {
  return (
    <datalist id="models">
      {Object.keys(desk.options.catalog() ?? {}).map((name) => (
        <option value={name}></option>
      ))}
    </datalist>
  );
}

/** The policies of the method that the form names, where there is one. */
function InForce({ desk, values }: { readonly desk: Desk; readonly values: Values }) {
  const { catalog, policies = () => ({}) } = desk.options;
  const call = callName(values["model"] ?? "", values["method"] || null);
  const methods = listModels(catalog(), policies()).flatMap((model) => model.methods);
  const method = methods.find((one) => one.call === call);
  if (method === undefined) return null;
  return (
    <>
      <h2>{WORDS.push.policies}</h2>
      <dl class="facts">
        {Object.entries(method.policies).map(([key, { words, from }]) => (
          <Fact name={key}>
            {printable(words)} <span class="quiet">{WORDS.models.from(from)}</span>
          </Fact>
        ))}
      </dl>
    </>
  );
}
