/** @jsxImportSource hono/jsx */
/** One task: what it is, what became of it and when, what it said, and what can be done with it. */
import { type Context, Hono } from "hono";
import { errorOf } from "../../error-line.ts";
import { noSuchTask } from "../../errors.ts";
import { printable } from "../../printable.ts";
import { cut } from "../../quote.ts";
import { withPaused } from "../../store/pauses.ts";
import type { RunOutput } from "../../store/task-output.ts";
import { type Attempt, callWords, isFunctionCall, type Task, type TaskError } from "../../task.ts";
import { hasEnded } from "../../tasks/end.ts";
import { onDisk } from "../../tasks/on-disk.ts";
import type { Why } from "../../tasks/why/explanation.ts";
import { knownPolicyFacts } from "../../tasks/why/policy-facts.ts";
import { whyOf } from "../../tasks/why/why.ts";
import { formatDuration } from "../../values/duration.ts";
import type { AdminEnv } from "../access/access.ts";
import { readId } from "../input/queries.ts";
import type { Desk } from "./desk.tsx";
import { Action, Fact, Json, RunOutcome, State, Table, tasksPath, Text, Time } from "./parts.tsx";
import { Output } from "./task-output.tsx";
import { TimeLine } from "./task-time-line.tsx";
import { WORDS } from "./words.ts";

export function taskPages(desk: Desk): Hono<AdminEnv> {
  const { store } = desk;
  const app = new Hono<AdminEnv>();
  const idOf = (c: Context, verb: string) => readId(c.req.param("id") ?? "", verb);
  const back = (c: Context, id: number) => c.redirect(`/tasks/${id}`, 303);
  app.get("/tasks/:id", desk.signedIn, (c) => taskPage(c, desk, idOf(c, "show")));
  app.post("/tasks/:id/retry", desk.formFor("admin"), async (c) =>
    back(c, (await store.retry(idOf(c, "retry"))).id),
  );
  app.post("/tasks/:id/cancel", desk.formFor("admin"), async (c) =>
    back(c, (await store.cancel(idOf(c, "cancel"))).id),
  );
  return app;
}

async function taskPage(c: Context<AdminEnv>, desk: Desk, id: number): Promise<Response> {
  const { store } = desk;
  const situation = await store.situation({ id });
  if (situation === null) throw noSuchTask(`show task ${id}`);
  if (hasEnded(situation.task)) await onDisk(store);
  const [runs, errors, output] = await Promise.all([
    store.attempts(id),
    store.errors(id),
    store.output(id),
  ]);
  const task = withPaused(situation.task, situation.pauses);
  const { mode, catalog, policies = () => ({}) } = desk.options;
  const models = { catalog: catalog(), policies: policies() };
  const why = whyOf(situation, { mode, policy: knownPolicyFacts(models, situation.task) });
  const form = desk.may(c, "admin") ? desk.formToken(c) : null;
  const now = store.now();
  const isAgain = c.req.header("hx-request") !== undefined; // what it was pushed with does not change
  return desk.show(c, {
    title: WORDS.task.title(id),
    live: task.state === "running" ? { pace: 1 } : {}, // what it says is no commit
    content: <OneTask {...{ task, why, runs, errors, output, form, now, isAgain }} />,
  });
}

interface TaskProps {
  readonly task: Task & { readonly paused?: boolean };
  readonly why: Why;
  readonly runs: readonly Attempt[];
  readonly errors: readonly TaskError[];
  readonly output: readonly RunOutput[];
  /** The secret that a form sends back; null: this person may only look. */
  readonly form: string | null;
  readonly now: number;
  /** True: the page has the arguments already. */
  readonly isAgain: boolean;
}

function OneTask({ task, why, runs, errors, output, form, now, isAgain }: TaskProps) {
  const words = WORDS.task;
  return (
    <>
      <h1>
        {words.title(task.id)} <State state={task.state} paused={task.paused} />
      </h1>
      <p class="sentence">{printable(why.sentence)}.</p>
      {why.command !== null && (
        <p class="quiet">
          {words.to(why.purpose ?? "")} <code>{printable(why.command)}</code>
        </p>
      )}
      {form !== null && <TaskActions task={task} form={form} />}
      <TimeLine task={task} runs={runs} now={now} />
      <Facts task={task} />
      <section id="call" hx-morph-skip>
        {!isAgain && <Call task={task} />}
      </section>
      <section id="result">
        {task.state === "finished" && (
          <>
            <h2>{words.result}</h2>
            <Json label={words.result} value={task.result} />
          </>
        )}
      </section>
      <section id="runs">
        {runs.length > 0 && (
          <>
            <h2>{words.runs}</h2>
            <Runs runs={runs} />
          </>
        )}
      </section>
      <section id="errors">
        {errors.length > 0 && (
          <>
            <h2>{words.errors}</h2>
            {errors.map((error) => (
              <OneError error={error} />
            ))}
          </>
        )}
      </section>
      <section id="output">
        <h2>{words.output}</h2>
        {output.length === 0 ? (
          <p class="quiet">{words.silent}</p>
        ) : (
          output.map((run) => <Output run={run} />)
        )}
      </section>
    </>
  );
}

function TaskActions({ task, form }: { readonly task: Task; readonly form: string }) {
  const path = (verb: string) => `/tasks/${task.id}/${verb}`;
  const words = WORDS.task;
  if (!hasEnded(task)) {
    return (
      <div class="buttons">
        <Action path={path("cancel")} formToken={form}>
          {words.cancel}
        </Action>
        <Again id={task.id} />
      </div>
    );
  }
  return (
    <div class="buttons">
      <Action path={path("retry")} formToken={form} look="">
        {words.retry}
      </Action>
      <Action path="/tasks/act" formToken={form} fields={{ chosen: "delete", id: String(task.id) }}>
        {words.delete}
      </Action>
      <Again id={task.id} />
    </div>
  );
}

function Again({ id }: { readonly id: number }) {
  return <a href={`/push?task=${id}`}>{WORDS.push.againLink}</a>;
}

function Call({ task: { args, context } }: { readonly task: Task }) {
  const words = WORDS.task;
  const hasContext = JSON.stringify(context) !== "{}";
  return (
    <>
      <h2>{words.args}</h2>
      <Json label={words.args} value={args} />
      {hasContext && (
        <>
          <h2>{words.context}</h2>
          <Json label={words.context} value={context} />
        </>
      )}
    </>
  );
}

function Facts({ task }: { readonly task: Task }) {
  const words = WORDS.task.facts;
  return (
    <dl class="facts" id="facts">
      <Fact name={words.call}>
        <a href={tasksPath({ model: task.model, method: task.method })}>
          {printable(callWords(task))}
        </a>
      </Fact>
      {!isFunctionCall(task) && (
        <Fact name={words.instances}>{JSON.stringify(task.instances)}</Fact>
      )}
      <Fact name={words.queue}>
        <a href={tasksPath({ queue: task.queue })}>{printable(task.queue)}</a>
      </Fact>
      <Fact name={words.priority}>{task.priority}</Fact>
      {task.ref !== null && <Fact name={words.ref}>{printable(task.ref)}</Fact>}
      <Fact name={words.attempts}>{task.attempts}</Fact>
      {task.crashes > 0 && <Fact name={words.crashes}>{task.crashes}</Fact>}
      {task.policy !== null && <Fact name={words.policy}>{JSON.stringify(task.policy)}</Fact>}
    </dl>
  );
}

function Runs({ runs }: { readonly runs: readonly Attempt[] }) {
  const length = (ms: number | null) => (ms === null ? "–" : formatDuration(ms));
  return (
    <Table label={WORDS.task.runs} titles={WORDS.task.runColumns} numbers={WORDS.task.runNumbers}>
      {runs.map((run) => (
        <tr id={`run-${run.number}`}>
          <th scope="row">{run.number}</th>
          <td>
            <RunOutcome outcome={run.outcome} />
          </td>
          <td>
            <Time at={run.started_at} />
          </td>
          <td class="number">{length(run.waited)}</td>
          <td class="number">{length(run.ran)}</td>
          <td class="number">{length(run.late)}</td>
          <td>{run.thread ?? "–"}</td>
          <td class="cut">{printable(run.reason ?? run.message ?? "")}</td>
        </tr>
      ))}
    </Table>
  );
}

/** The whole error stands below its first line. */
const MOST_OF_LINE = 160;

function OneError({ error }: { readonly error: TaskError }) {
  return (
    <details open id={`error-${error.id}`}>
      <summary>
        {printable(cut(errorOf(`${error.name}: ${error.message}`), MOST_OF_LINE))}{" "}
        {error.count > 1 && <span class="quiet">{WORDS.task.times(error.count)}</span>}
      </summary>
      <Text label={WORDS.task.stack} text={error.stack ?? `${error.name}: ${error.message}`} />
    </details>
  );
}
