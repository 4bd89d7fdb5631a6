/** @jsxImportSource hono/jsx */
/** The list of tasks as a page shows it: the filter, the rows, and what can be done with them. */
import { printable } from "../../printable.ts";
import { cut } from "../../quote.ts";
import type { Rest } from "../../store/looking.ts";
import { type PauseTarget, withPaused } from "../../store/pauses.ts";
import { callWords, ENDED_STATES, isFunctionCall, type Task, type TaskState } from "../../task.ts";
import { State, Table, tasksPath, Time } from "./parts.tsx";
import { Filter } from "./task-filter.tsx";
import { WORDS } from "./words.ts";

/** The changes of many tasks, and the states that each takes. */
export const VERBS = {
  retry: { from: ENDED_STATES },
  cancel: { from: ["scheduled", "ready", "running"] },
  delete: { from: ENDED_STATES },
} as const satisfies Record<string, { readonly from: readonly TaskState[] }>;

export type Verb = keyof typeof VERBS;

interface ListProps {
  readonly search: URLSearchParams;
  /** That of the times in the search. */
  readonly zone: string | undefined;
  readonly tasks: readonly Task[];
  readonly pauses: readonly PauseTarget[];
  /** Another page has ids below this one; null: there is none. */
  readonly next: number | null;
  readonly rest: Rest | null;
  /** How many tasks match that are newer than the rows of the page. */
  readonly newer: number;
  /** The secret that a form sends back; null: this person may only look. */
  readonly form: string | null;
  readonly done: string | null;
}

export function TaskList({
  search,
  zone,
  tasks,
  pauses,
  next,
  rest,
  newer,
  form,
  done,
}: ListProps) {
  const words = WORDS.tasks;
  return (
    <>
      <Filter search={search} zone={zone}>
        {newer > 0 && <a href={`/tasks?${firstSearch(search)}`}>{newerWords(newer)}</a>}
      </Filter>
      {done !== null && (
        <p class="done" role="status">
          ✓ {done}
        </p>
      )}
      {tasks.length === 0 ? (
        next === null ? (
          <Nothing isFiltered={search.size > 0} />
        ) : (
          <p class="quiet" role="status">
            {words.noneYet(next)}
          </p>
        )
      ) : (
        <form method="post" action={`/tasks/act?${search}`} id="list" data-list>
          {form !== null && <input type="hidden" name="form_token" value={form} />}
          <Table
            label={WORDS.pages.tasks}
            titles={["", ...words.columns]}
            numbers={words.numbers}
            look="rows"
            first={
              <input type="checkbox" class="js" data-choose-all aria-label={words.chooseAll} />
            }
          >
            {tasks.map((task) => (
              <TaskRow task={withPaused(task, pauses)} />
            ))}
          </Table>
          <p class="quiet" id="rest" hx-morph-skip>
            {rest !== null && words.more(rest.count, rest.isAll)}
          </p>
          {form !== null && <Buttons search={search} newest={tasks[0]} />}
        </form>
      )}
      {next !== null && (
        <p>
          <a
            href={nextPath(search, next)}
            rel="next"
            {...(tasks.length === 0 && { ...GOES_ON, "hx-get": nextPath(search, next) })}
          >
            {words.older}
          </a>
        </p>
      )}
    </>
  );
}

/** A page without any task is followed by the next one: where few of millions match, each takes some ms. */
const GOES_ON = {
  "hx-trigger": "load",
  "hx-target": "#main",
  "hx-select": "#main",
  "hx-swap": "outerHTML",
  "hx-push-url": "true",
} as const;

/** More are not counted. */
export const MOST_NEWER = 100;

function newerWords(newer: number): string {
  const isMore = newer > MOST_NEWER;
  return WORDS.tasks.newer(isMore ? MOST_NEWER : newer, !isMore);
}

/** A list that is empty says what to do. */
function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const words = WORDS.tasks;
  return (
    <p class="empty">
      {isFiltered ? words.none : words.noneAtAll}{" "}
      {isFiltered ? <a href="/tasks">{words.all}</a> : <a href="/push">{WORDS.push.title}</a>}
    </p>
  );
}

/** The first page of these tasks. */
function firstSearch(search: URLSearchParams): URLSearchParams {
  const first = new URLSearchParams(search);
  first.delete("before");
  return first;
}

function nextPath(search: URLSearchParams, before: number): string {
  const next = new URLSearchParams(search);
  next.set("before", String(before));
  return `/tasks?${next}`;
}

/** Of a reason: a message may have a megabyte. */
const MOST_CHARACTERS = 300;

function TaskRow({ task }: { readonly task: Task & { readonly paused?: boolean } }) {
  const { id, state, paused, queue, model, method, attempts, reason, instances } = task;
  const records = isFunctionCall(task) ? "" : ` ${cut(JSON.stringify(instances))}`;
  const why = cut(reason ?? "", MOST_CHARACTERS);
  return (
    <tr id={`task-${id}`}>
      <td class="box">
        <input type="checkbox" name="id" value={String(id)} aria-label={WORDS.tasks.choose(id)} />
      </td>
      <td class="number">
        <a href={`/tasks/${id}`}>{id}</a>
      </td>
      <td>
        <State state={state} paused={paused} />
      </td>
      <td class="cut queue">
        <a href={tasksPath({ queue })}>{printable(queue)}</a>
      </td>
      <td class="cut call">
        <a href={tasksPath({ model, method })}>{printable(callWords(task))}</a>
        {printable(records)}
      </td>
      <td class="number runs">{attempts}</td>
      <td class="time">
        <Time at={timeOf(task)} />
      </td>
      <td class="cut quiet reason" title={printable(why)}>
        {printable(why.split("\n")[0] ?? "")}
      </td>
    </tr>
  );
}

/** When the task entered its state; of a scheduled one, when it is due. */
function timeOf({
  state,
  scheduled_at,
  enqueued_at,
  dequeued_at,
  finished_at,
}: Task): number | null {
  if (state === "scheduled") return scheduled_at;
  if (state === "ready") return enqueued_at;
  return state === "running" ? dequeued_at : finished_at;
}

function Buttons({
  search,
  newest,
}: {
  readonly search: URLSearchParams;
  readonly newest: Task | undefined;
}) {
  const words = WORDS.tasks;
  const states = search.getAll("state").flatMap((text) => text.split(","));
  const fits = (verb: Verb) =>
    states.length > 0 && states.every((state) => VERBS[verb].from.some((one) => one === state));
  const verbs = Object.keys(VERBS) as Verb[];
  return (
    <div class="buttons">
      <input type="hidden" name="newest" value={String(newest?.id ?? 0)} />
      {verbs.map((verb) => (
        <button class="plain" name="chosen" value={verb}>
          {words.verbs[verb].chosen}
        </button>
      ))}
      {verbs.filter(fits).map((verb) => (
        <button class="plain" name="all" value={verb}>
          {words.verbs[verb].all}
        </button>
      ))}
      {states.length === 0 && <span class="quiet">{words.allByState}</span>}
      <span class="quiet count" role="status" data-count={words.chosen}></span>
    </div>
  );
}
