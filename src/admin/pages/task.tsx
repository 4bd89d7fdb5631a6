/** @jsxImportSource hono/jsx */
/** One task: what it is, what became of it and when, what it said, and what can be done with it. */
import { type Context, Hono } from "hono";
import { noSuchTask } from "../../errors.ts";
import { printable } from "../../printable.ts";
import { withPaused } from "../../store/pauses.ts";
import type { RunOutput } from "../../store/task-output.ts";
import { type Attempt, callWords, isFunctionCall, type Task, type TaskError } from "../../task.ts";
import { hasEnded } from "../../tasks/end.ts";
import { onDisk } from "../../tasks/on-disk.ts";
import { progressWords, shareOf } from "../../tasks/progress-words.ts";
import type { Why } from "../../tasks/why/explanation.ts";
import { knownPolicyFacts } from "../../tasks/why/policy-facts.ts";
import { whyOf } from "../../tasks/why/why.ts";
import { formatDuration } from "../../values/duration.ts";
import type { AdminEnv } from "../access/access.ts";
import { readId } from "../input/queries.ts";
import type { Desk } from "./desk.tsx";
import { Action, Fact, Json, State, Table, tasksPath, Text, Time } from "./parts.tsx";
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
  app.post("/tasks/:id/delete", desk.formFor("admin"), async (c) => {
    await store.delete(idOf(c, "delete"));
    return c.redirect("/tasks?done=delete.1.1", 303);
  });
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
  return desk.show(c, {
    title: WORDS.task.title(id),
    isLive: !hasEnded(task),
    content: <OneTask {...{ task, why, runs, errors, output, form }} />,
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
}

function OneTask({ task, why, runs, errors, output, form }: TaskProps) {
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
      <Facts task={task} />
      <h2>{words.call}</h2>
      <Json value={{ args: task.args, context: task.context }} />
      {task.state === "finished" && (
        <>
          <h2>{words.result}</h2>
          <Json value={task.result} />
        </>
      )}
      {runs.length > 0 && (
        <>
          <h2>{words.runs}</h2>
          <Runs runs={runs} />
        </>
      )}
      {errors.length > 0 && (
        <>
          <h2>{words.errors}</h2>
          {errors.map((error) => (
            <OneError error={error} />
          ))}
        </>
      )}
      <h2>{words.output}</h2>
      {output.length === 0 ? (
        <p class="quiet">{words.silent}</p>
      ) : (
        output.map((run) => <Output run={run} />)
      )}
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
      <Action path={path("delete")} formToken={form}>
        {words.delete}
      </Action>
      <Again id={task.id} />
    </div>
  );
}

function Again({ id }: { readonly id: number }) {
  return <a href={`/push?task=${id}`}>{WORDS.push.againLink}</a>;
}

function Facts({ task }: { readonly task: Task }) {
  const words = WORDS.task.facts;
  const times = [
    [words.pushed, task.enqueued_at],
    [words.scheduled, task.scheduled_at],
    [words.expected, task.expected_at],
    [words.expires, task.expires_at],
    [words.began, task.dequeued_at],
    [words.ended, task.finished_at],
  ] as const;
  return (
    <dl class="facts">
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
      <Fact name={words.user}>{task.user}</Fact>
      {task.ref !== null && <Fact name={words.ref}>{printable(task.ref)}</Fact>}
      <Fact name={words.attempts}>{task.attempts}</Fact>
      {task.crashes > 0 && <Fact name={words.crashes}>{task.crashes}</Fact>}
      {task.policy !== null && <Fact name={words.policy}>{JSON.stringify(task.policy)}</Fact>}
      {times.map(
        ([name, at]) =>
          at !== null && (
            <Fact name={name}>
              <Time at={at} />
            </Fact>
          ),
      )}
    </dl>
  );
}

function Runs({ runs }: { readonly runs: readonly Attempt[] }) {
  const length = (ms: number | null) => (ms === null ? "–" : formatDuration(ms));
  return (
    <Table label={WORDS.task.runs} titles={WORDS.task.runColumns} numbers={WORDS.task.runNumbers}>
      {runs.map((run) => (
        <tr>
          <th scope="row">{run.number}</th>
          <td>{run.outcome}</td>
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

function OneError({ error }: { readonly error: TaskError }) {
  return (
    <details open>
      <summary>
        {printable(`${error.name}: ${error.message.split("\n")[0] ?? ""}`)}{" "}
        {error.count > 1 && <span class="quiet">{WORDS.task.times(error.count)}</span>}
      </summary>
      <Text text={error.stack ?? `${error.name}: ${error.message}`} />
    </details>
  );
}

function Output({ run }: { readonly run: RunOutput }) {
  const { attempt, lines, progress, cut, unread } = run;
  const share = progress && shareOf(progress);
  const clock = (at: number) => new Date(at).toISOString().slice(11, 23);
  const text = lines.map(({ at, level, text: said }) => `${clock(at)} ${level.padEnd(5)} ${said}`);
  return (
    <section aria-label={WORDS.task.run(attempt)}>
      <h3>{WORDS.task.run(attempt)}</h3>
      {progress && (
        <p>
          {share !== null && <progress value={share} max={1} aria-label={WORDS.task.progress} />}{" "}
          {printable(progressWords(progress))}
        </p>
      )}
      {cut.lines > 0 && <p class="quiet">{WORDS.task.cut(cut.lines)}</p>}
      {unread !== undefined && <p class="bad">⚠ {printable(unread)}</p>}
      {text.length > 0 && <Text text={text.join("\n")} />}
    </section>
  );
}
