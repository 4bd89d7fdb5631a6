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
import { Length, Table, tasksPath } from "../parts.tsx";
import { WORDS } from "../words.ts";
import { pushPages } from "./push.tsx";

type DayOf = (model: string, method: string) => RunSummary | undefined;

export function modelsPages(desk: Desk): Hono<AdminEnv> {
  const day = new LastDay(desk.store);
  const app = new Hono<AdminEnv>();
  app.get("/models", desk.signedIn, async (c) => listPage(c, desk, await day.byMethod()));
  app.route("/", pushPages(desk));
  return app;
}

async function listPage(c: Context<AdminEnv>, desk: Desk, dayOf: DayOf): Promise<Response> {
  const { catalog, policies = () => ({}) } = desk.options;
  const known = catalog();
  const models = listModels(known, policies());
  const functions = models.filter(({ kind }) => kind === "function");
  const words = WORDS.models;
  const may = { push: desk.may(c, "push"), pause: desk.may(c, "admin") };
  const content = (
    <>
      <h1>{WORDS.pages.models}</h1>
      {models.length === 0 ? (
        <p class="quiet">{words.unknown}</p>
      ) : (
        <p class="quiet">{words.day}</p>
      )}
      {models.length > 0 && (
        <Table label={WORDS.pages.models} titles={words.columns} numbers={words.numbers}>
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
  return desk.show(c, { title: WORDS.pages.models, content });
}

interface MethodsProps {
  readonly title: string;
  readonly models: readonly ListedModel[];
  readonly dayOf: DayOf;
  readonly may: { readonly push: boolean; readonly pause: boolean };
}

function Methods({ title, models, dayOf, may }: MethodsProps) {
  return (
    <>
      <tr class="group">
        <th colspan={WORDS.models.columns.length} scope="colgroup">
          {printable(title)}
        </th>
      </tr>
      {models.flatMap(({ name, methods }) =>
        methods.map((method) => (
          <MethodRow
            model={name}
            method={method}
            day={dayOf(name, method.method ?? FUNCTION_METHOD)}
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
  readonly day: RunSummary | undefined;
  readonly may: MethodsProps["may"];
}

function MethodRow({ model, method: listed, day, may }: RowProps) {
  const { method, call } = listed;
  const words = WORDS.models;
  const name = printable(call);
  const filter = { model, method: method ?? FUNCTION_METHOD };
  const failed = day?.failed ?? 0;
  return (
    <tr>
      <th scope="row">
        <a href={tasksPath(filter)} aria-label={words.tasks(name)}>
          {printable(method ?? model)}
        </a>
      </th>
      <td class="number">{day?.runs ?? 0}</td>
      <td class={failed > 0 ? "number bad" : "number"}>
        {failed > 0 ? <a href={tasksPath({ state: "failed", ...filter })}>✗ {failed}</a> : 0}
      </td>
      <Length ms={day?.wait?.p99} />
      <Length ms={day?.run?.p50} />
      <Length ms={day?.run?.p99} />
      <Length ms={day?.late_end?.p99} />
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
