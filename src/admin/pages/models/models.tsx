/** @jsxImportSource hono/jsx */
/** The models and functions: how their tasks run, and how they ran in the last day. */
import { type Context, Hono } from "hono";
import { printable } from "../../../printable.ts";
import {
  type ListedMethod,
  type ListedModel,
  listModels,
} from "../../../registry/listed-models.ts";
import type { RunSummary } from "../../../statistics/summary.ts";
import { FUNCTION_METHOD } from "../../../task.ts";
import { LastDay } from "../../../tasks/statistics/day.ts";
import type { AdminEnv } from "../../access/access.ts";
import type { Desk } from "../desk.tsx";
import { Length, rowId, Table, tasksPath } from "../parts.tsx";
import { WORDS } from "../words.ts";
import { pushPages } from "./push.tsx";

type DayOf = (model: string, method: string) => RunSummary | undefined;

export function modelsPages(desk: Desk): Hono<AdminEnv> {
  const day = new LastDay(desk.store);
  const app = new Hono<AdminEnv>();
  app.get("/models", desk.formFor("read", "push"), async (c) =>
    listPage(c, desk, desk.may(c, "read") ? await day.byMethod() : null),
  );
  app.route("/", pushPages(desk));
  return app;
}

/** @param dayOf null: this person may only push, and sees what can be pushed. */
async function listPage(c: Context<AdminEnv>, desk: Desk, dayOf: DayOf | null): Promise<Response> {
  const { catalog, policies = () => ({}) } = desk.options;
  const known = catalog();
  const models = listModels(known, policies());
  const functions = models.filter(({ kind }) => kind === "function");
  const words = WORDS.models;
  const columns = columnsFor(dayOf);
  const may = { push: desk.may(c, "push"), pause: desk.may(c, "admin") };
  const content = (
    <>
      <h1>{WORDS.pages.models}</h1>
      {models.length === 0 && <p class="quiet">{words.unknown}</p>}
      {models.length > 0 && dayOf !== null && <p class="quiet">{words.day}</p>}
      {models.length > 0 && (
        <Table label={WORDS.pages.models} titles={columns} numbers={words.numbers} look="stack">
          {models
            .filter(({ kind }) => kind === "model")
            .map((model) => (
              <Methods title={model.name} models={[model]} dayOf={dayOf} may={may} />
            ))}
          {functions.length > 0 && (
            <Methods title={words.functions} models={functions} dayOf={dayOf} may={may} />
          )}
        </Table>
      )}
    </>
  );
  const title = WORDS.pages.models;
  return desk.show(c, { title, ...(dayOf !== null && { live: {} }), content });
}

function columnsFor(dayOf: DayOf | null): readonly string[] {
  const { columns, numbers } = WORDS.models;
  if (dayOf !== null) return columns;
  return columns.filter((column) => !numbers.some((number) => number === column));
}

interface MethodsProps {
  readonly title: string;
  readonly models: readonly ListedModel[];
  readonly dayOf: DayOf | null;
  readonly may: { readonly push: boolean; readonly pause: boolean };
}

function Methods({ title, models, dayOf, may }: MethodsProps) {
  return (
    <>
      <tr class="group" id={rowId("model", title)}>
        <th colspan={columnsFor(dayOf).length} scope="colgroup">
          {printable(title)}
        </th>
      </tr>
      {models.flatMap(({ name, methods }) =>
        methods.map((method) => (
          <MethodRow
            model={name}
            method={method}
            day={dayOf && (dayOf(name, method.method ?? FUNCTION_METHOD) ?? {})}
            may={may}
          />
        )),
      )}
    </>
  );
}

interface RowProps {
  readonly model: string;
  readonly method: ListedMethod;
  /** null: this person may not look. */
  readonly day: Partial<RunSummary> | null;
  readonly may: MethodsProps["may"];
}

function MethodRow({ model, method: listed, day, may }: RowProps) {
  const { method, call } = listed;
  const words = WORDS.models;
  const name = printable(call);
  const filter = { model, method: method ?? FUNCTION_METHOD };
  return (
    <tr id={rowId("call", call)}>
      <th scope="row">
        {day === null ? (
          printable(method ?? model)
        ) : (
          <a href={tasksPath(filter)} aria-label={words.tasks(name)}>
            {printable(method ?? model)}
          </a>
        )}
      </th>
      {day !== null && <Day day={day} filter={filter} />}
      <td class="wrap">
        <SaidPolicies method={listed} />
      </td>
      <td class="ways">
        {may.push && (
          <a
            href={`/push?${new URLSearchParams({ model, ...(method !== null && { method }) })}`}
            aria-label={words.pushOf(name)}
          >
            {words.push}
          </a>
        )}{" "}
        {may.pause && (
          <a
            href={`/queues/pause?${new URLSearchParams({ kind: "task", name: call })}`}
            aria-label={words.pauseOf(name)}
          >
            {words.pause}
          </a>
        )}
      </td>
    </tr>
  );
}

interface DayProps {
  readonly day: Partial<RunSummary>;
  readonly filter: Readonly<Record<string, string>>;
}

function Day({ day: { runs = 0, failed = 0, wait, run, late_end: late }, filter }: DayProps) {
  const [runsTitle, failedTitle, ...titles] = WORDS.models.numbers;
  const lengths = [wait?.p99, run?.p50, run?.p99, late?.p99];
  return (
    <>
      <td class="number" data-label={runsTitle}>
        {runs}
      </td>
      <td class={failed > 0 ? "number bad" : "number"} data-label={failedTitle}>
        {failed > 0 ? <a href={tasksPath({ state: "failed", ...filter })}>✗ {failed}</a> : 0}
      </td>
      {lengths.map((ms, at) => (
        <Length ms={ms} label={titles[at]} />
      ))}
    </>
  );
}

/** Those that the model or tq.toml says; the rest is as tq has it. */
function SaidPolicies({ method: { policies } }: { readonly method: ListedMethod }) {
  const words = WORDS.models;
  const said = Object.entries(policies).filter(([, { from }]) => from !== "default");
  if (said.length === 0) return <span class="quiet">{words.presets}</span>;
  return (
    <>
      {said.map(([key, { words: value, from }]) => (
        <div>
          {`${key}: ${printable(value)}`} <span class="quiet">{words.from(from)}</span>
        </div>
      ))}
    </>
  );
}
