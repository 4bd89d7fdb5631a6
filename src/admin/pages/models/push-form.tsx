/** @jsxImportSource hono/jsx */
/** The form that pushes a task: first its call is chosen, then the form has what this call takes. */
import type { Context } from "hono";
import { matchesCall } from "../../../call-patterns.ts";
import { printable } from "../../../printable.ts";
import {
  type ListedMethod,
  type ListedModel,
  listModels,
} from "../../../registry/listed-models.ts";
import type { Signature } from "../../../registry/signatures/signatures.ts";
import { callName } from "../../../task.ts";
import type { AdminEnv } from "../../access/access.ts";
import type { Desk } from "../desk.tsx";
import { RefusalSentence } from "../form.tsx";
import { PushKeyField } from "../push-once.tsx";
import { WORDS } from "../words.ts";
import { ZoneNote, zoneOf } from "../zone.tsx";
import { ArgumentFields, Fault } from "./argument-fields.tsx";
import { nameOf, type Texts } from "./arguments.ts";
import { InForce } from "./in-force.tsx";

type FieldName = keyof typeof WORDS.push.fields;

/** Those that say when and how the task runs. */
const HOW = ["queue", "priority", "scheduled_at", "ref", "user"] as const;

export interface Given {
  readonly title: string;
  readonly values: Texts;
  /** Sentences: what is wrong, or lost. */
  readonly refusal?: string;
  readonly note?: string;
  /** The id of the task that is run again. */
  readonly again?: string;
  /** The faults, by the names of fields. */
  readonly faults?: Texts;
  /** The arguments, as far as they are known; absent: nothing, and they are JSON. */
  readonly signature?: Signature;
  /** True: the arguments are JSON, though there could be a field for each. */
  readonly isJson?: boolean;
  /** Says why they are. */
  readonly unfit?: string;
  /** The texts of the fields of arguments. */
  readonly texts?: Texts;
}

export async function formPage(c: Context<AdminEnv>, desk: Desk, given: Given): Promise<Response> {
  const { title, values, refusal, note } = given;
  const done = c.req.query("done") ?? "";
  const models = pushable(desk);
  const call = callName(values["model"] ?? "", values["method"] || null);
  const method = models.flatMap((model) => model.methods).find((one) => one.call === call);
  const isUnchosen = models.length > 0 && (values["model"] ?? "") === "";
  const content = (
    <>
      <h1>{title}</h1>
      <RefusalSentence sentence={refusal} />
      {/^\d+$/.test(done) && (
        <p class="done" role="status">
          ✓ {WORDS.push.done(done)}
        </p>
      )}
      {note !== undefined && <p class="warn">⚠ {note}</p>}
      {isUnchosen ? (
        <Chooser models={models} />
      ) : (
        <PushForm
          given={given}
          method={method}
          formToken={desk.formToken(c)}
          zone={zoneOf(c)}
          names={models.map(({ name }) => name)}
        />
      )}
      {method !== undefined && <InForce method={method} />}
    </>
  );
  return desk.show(c, { title, status: refusal === undefined ? 200 : 422, content });
}

/** The calls that this server takes from requests. */
function pushable(desk: Desk): readonly ListedModel[] {
  const { catalog, policies = () => ({}), pushable: patterns = [] } = desk.options;
  const isTaken = (model: string, method: string | null) =>
    patterns.length === 0 || patterns.some((pattern) => matchesCall(pattern, model, method));
  return listModels(catalog(), policies()).flatMap((model) => {
    const methods = model.methods.filter(({ method }) => isTaken(model.name, method));
    return methods.length === 0 ? [] : [{ ...model, methods }];
  });
}

function Chooser({ models }: { readonly models: readonly ListedModel[] }) {
  const words = WORDS.push;
  const functions = models.filter(({ kind }) => kind === "function");
  return (
    <form method="get" action="/push" class="line">
      <label>
        {words.call}
        <select name="call">
          {models
            .filter(({ kind }) => kind === "model")
            .map((model) => (
              <Calls label={model.name} models={[model]} />
            ))}
          {functions.length > 0 && <Calls label={words.functions} models={functions} />}
        </select>
      </label>
      <button>{words.next}</button>
    </form>
  );
}

interface CallsProps {
  readonly label: string;
  readonly models: readonly ListedModel[];
}

function Calls({ label, models }: CallsProps) {
  return (
    <optgroup label={printable(label)}>
      {models.flatMap(({ name, methods }) =>
        methods.map(({ method, call }) => (
          <option value={method === null ? name : `${name} ${method}`}>{printable(call)}</option>
        )),
      )}
    </optgroup>
  );
}

interface FormProps {
  readonly given: Given;
  /** undefined: the server does not know the call, and all of it is typed. */
  readonly method: ListedMethod | undefined;
  readonly formToken: string;
  readonly zone: string | undefined;
  readonly names: readonly string[];
}

function PushForm({ given, method, formToken, zone, names }: FormProps) {
  const words = WORDS.push;
  const { title, values, again, faults = {}, signature, isJson } = given;
  const isJsonMode = signature === undefined || isJson === true;
  const field = (name: FieldName) => (
    <Field name={name} value={values[name] ?? ""} fault={faults[name]} zone={zone} />
  );
  return (
    <form method="post" action="/push">
      <input type="hidden" name="form_token" value={formToken} />
      <PushKeyField />
      <input type="hidden" name="title" value={title} />
      {again !== undefined && <input type="hidden" name="again" value={again} />}
      {method !== undefined && <Call call={method.call} values={values} again={again} />}
      {method?.method !== null && (
        <div class="filter">
          {method === undefined && (
            <>
              {field("model")}
              {field("method")}
              <Names names={names} />
            </>
          )}
          {field("instances")}
        </div>
      )}
      {isJsonMode ? (
        <div class="filter">
          {signature !== undefined && <input type="hidden" name="json" value="1" />}
          {given.unfit !== undefined && <p class="whole warn">⚠ {given.unfit}</p>}
          {field("args")}
          {signature !== undefined && <Takes signature={signature} />}
        </div>
      ) : (
        <>
          <h2>{words.arguments}</h2>
          {signature.length === 0 && <p class="quiet">{words.noArguments}</p>}
          <div class="filter">
            <ArgumentFields signature={signature} texts={given.texts ?? {}} faults={faults} />
          </div>
        </>
      )}
      <h2>{words.how}</h2>
      <div class="filter">
        {HOW.map(field)}
        {field("context")}
      </div>
      <div class="buttons">
        <button>{words.button}</button>
        {signature !== undefined && signature.length > 0 && (
          <button class="plain" name="as" value={isJsonMode ? "fields" : "json"} formnovalidate>
            {isJsonMode ? words.asFields : words.asJson}
          </button>
        )}
      </div>
    </form>
  );
}

interface CallProps {
  readonly call: string;
  readonly values: Texts;
  readonly again: string | undefined;
}

/** The call that is pushed. */
function Call({ call, values: { model, method }, again }: CallProps) {
  return (
    <p class="sentence">
      <input type="hidden" name="model" value={model} />
      {method && <input type="hidden" name="method" value={method} />}
      <code>{printable(call)}</code>{" "}
      {again === undefined && (
        <a class="small" href="/push">
          {WORDS.push.other}
        </a>
      )}
    </p>
  );
}

/** The arguments that a JSON list has. */
function Takes({ signature }: { readonly signature: Signature }) {
  if (signature.length === 0) return <p class="whole small">{WORDS.push.noArguments}</p>;
  return (
    <p class="whole small">
      {WORDS.push.takes}{" "}
      {signature.map((argument, place) => (
        <>
          {place > 0 && ", "}
          <code>
            {argument.isRest && "…"}
            {printable(nameOf(argument, place))}
            {argument.words !== "" && `: ${printable(argument.words)}`}
          </code>
        </>
      ))}
    </p>
  );
}

interface FieldProps {
  readonly name: FieldName;
  readonly value: string;
  readonly fault: string | undefined;
  readonly zone: string | undefined;
}

/** The fields that have several lines. */
const LONG_FIELDS: readonly string[] = ["args", "context"];

function Field({ name, value, fault, zone }: FieldProps) {
  const { fields, examples } = WORDS.push;
  const isLong = LONG_FIELDS.includes(name);
  const common = {
    id: name,
    placeholder: examples[name],
    ...(fault !== undefined && { "aria-invalid": "true", "aria-describedby": `${name}-fault` }),
  };
  const list = name === "model" ? { list: "models", required: true } : {};
  return (
    <div class={isLong ? "one whole" : "one"}>
      <label for={name}>
        {fields[name]} {name === "scheduled_at" && <ZoneNote zone={zone} />}
      </label>
      {isLong ? (
        <textarea name={name} rows={2} spellcheck={false} {...common}>
          {value}
        </textarea>
      ) : (
        <input name={name} value={value} autocomplete="off" {...common} {...list} />
      )}
      <div>
        <Fault id={`${name}-fault`} sentence={fault} />
      </div>
    </div>
  );
}

/** The names of models and functions to choose from. */
function Names({ names }: { readonly names: readonly string[] }) {
  return (
    <datalist id="models">
      {names.map((name) => (
        <option value={name}></option>
      ))}
    </datalist>
  );
}
