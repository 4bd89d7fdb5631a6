/** @jsxImportSource hono/jsx */
/** The queues: how many tasks they have, how late they are, who serves them; and the pauses. */
import { type Context, Hono } from "hono";
import { printable } from "../../printable.ts";
import { forecastWords } from "../../statistics/forecast-words.ts";
import { isServed, isWorker } from "../../store/live-workers.ts";
import {
  endedIn,
  type QueueHour,
  type QueueStatus,
  type StoreStatus,
  type WorkerInfo,
} from "../../store/looking.ts";
import { countedWords, countWords } from "../../store/count-words.ts";
import { isQueuePaused, type Pause } from "../../store/pauses.ts";
import { newPause, readTarget } from "../../tasks/pauses.ts";
import { type AdminEnv, callerName } from "../access/access.ts";
import type { Desk } from "./desk.tsx";
import {
  fieldsOf,
  PauseForm,
  pauseFields,
  PauseSentence,
  type Refused,
  refusedForm,
} from "./form.tsx";
import { Action, inOrder, Length, rowId, Table, tasksPath, Yes } from "./parts.tsx";
import { WORDS } from "./words.ts";
import { workerName } from "./workers.tsx";
import { zoneOf } from "./zone.tsx";

export function queuesPages(desk: Desk): Hono<AdminEnv> {
  const { store } = desk;
  const app = new Hono<AdminEnv>();
  app.get("/queues", desk.signedIn, async (c) => {
    const status = await store.status();
    const form = desk.may(c, "admin") ? desk.formToken(c) : null;
    const content = <Queues status={status} form={form} now={store.now()} />;
    return desk.show(c, { title: WORDS.pages.queues, live: {}, content });
  });
  app.get("/queues/pause", desk.formFor("admin"), (c) => pausePage(c, desk));
  app.post("/queues/pause", desk.formFor("admin"), async (c) => {
    try {
      await pause(c, desk);
    } catch (error) {
      return pausePage(c, desk, await refusedForm(c, error));
    }
    return c.redirect("/queues", 303);
  });
  app.post("/queues/resume", desk.formFor("admin"), async (c) => {
    await store.pauses.resume(await targetOf(c, "Cannot resume: "));
    return c.redirect("/queues", 303);
  });
  return app;
}

async function pause(c: Context<AdminEnv>, { store }: Desk): Promise<void> {
  const target = await targetOf(c, "Cannot pause: ");
  const { reason, until } = await pauseFields(c, "Cannot pause", store.now());
  const end = until === null ? {} : { until: Temporal.Instant.fromEpochMilliseconds(until) };
  const options = { by: callerName(c), ...(reason !== null && { reason }), ...end };
  await store.pauses.pause(newPause(target, options, store.now()));
}

async function targetOf(c: Context, start: string) {
  const { kind, name = "" } = await fieldsOf(c);
  return readTarget(kind === "task" ? { task: name } : { queue: name }, start);
}

interface QueuesProps {
  readonly status: StoreStatus;
  /** The secret that a form sends back; null: this person may only look. */
  readonly form: string | null;
  readonly now: number;
}

function Queues({ status, form, now }: QueuesProps) {
  const words = WORDS.queues;
  const hours = new Map(status.last_hour.map((hour) => [hour.queue, hour]));
  const queues = withQuiet(status);
  const ages = countedWords(queues, now);
  const live = status.workers.filter((worker) => worker.alive && isWorker(worker));
  return (
    <>
      <h1>{WORDS.pages.queues}</h1>
      {queues.length === 0 ? (
        <p class="quiet">{words.none}</p>
      ) : (
        <Table
          label={WORDS.pages.queues}
          titles={words.columns}
          numbers={words.columns.slice(1, -2)}
        >
          {queues.map((queue) => (
            <QueueRow
              queue={queue}
              hour={hours.get(queue.queue)}
              servers={live.filter((worker) => isServed(queue.queue, [worker]))}
              canPause={form !== null}
            />
          ))}
        </Table>
      )}
      {ages !== null && <p class="quiet">{ages}</p>}
      {queues.length > 0 && <p class="small">{words.lengths}</p>}
      <h2>{words.pauses}</h2>
      {status.pauses.length === 0 && <p class="quiet">{words.noPauses}</p>}
      {status.pauses.map((pause) => (
        <PauseLine pause={pause} form={form} now={now} />
      ))}
      {form !== null && (
        <p>
          <a href="/queues/pause">{words.pauseTitle}</a>
        </p>
      )}
    </>
  );
}

/** The queues with tasks, and those that had some in the last hour. */
function withQuiet({ queues, last_hour: hours, workers, pauses }: StoreStatus): QueueStatus[] {
  const known = new Set(queues.map(({ queue }) => queue));
  const live = workers.filter((worker) => worker.alive && isWorker(worker));
  const quiet = hours
    .filter(({ queue }) => !known.has(queue))
    .map(({ queue }) => ({
      queue,
      scheduled: 0,
      ready: 0,
      running: 0,
      failed: 0,
      served: isServed(queue, live),
      paused: isQueuePaused(pauses, queue),
    }));
  return inOrder([...queues, ...quiet]);
}

interface RowProps {
  readonly queue: QueueStatus;
  readonly hour: QueueHour | undefined;
  readonly servers: readonly WorkerInfo[];
  readonly canPause: boolean;
}

function QueueRow({ queue: status, hour, servers, canPause }: RowProps) {
  const { queue, paused, forecast } = status;
  const words = WORDS.queues;
  const name = printable(queue);
  return (
    <tr id={rowId("queue", queue)}>
      <th scope="row" class="name">
        <a href={tasksPath({ queue })}>{name}</a>{" "}
        {paused && <span class="state warn">‖ {WORDS.paused}</span>}
        {forecast && <div class="small">{forecastWords(forecast)}</div>}
      </th>
      {STATES.map((state) => (
        <Count queue={status} state={state} />
      ))}
      <td class="number">{hour ? endedIn(hour) : "–"}</td>
      <Length ms={hour?.wait?.p50} />
      <Length ms={hour?.wait?.p99} />
      <Length ms={hour?.late_start?.p99} />
      <Length ms={hour?.late_end?.p99} />
      <td>
        <Servers servers={servers} />
      </td>
      <td>
        {canPause && (
          <a
            href={`/queues/pause?${new URLSearchParams({ name: queue })}`}
            aria-label={words.pauseOf(name)}
          >
            {words.pause}
          </a>
        )}
      </td>
    </tr>
  );
}

/** In the order of the titles. */
const STATES = ["ready", "running", "failed", "scheduled"] as const;

interface CountProps {
  readonly queue: QueueStatus;
  readonly state: (typeof STATES)[number];
}

/** A number of tasks that leads to them. */
function Count({ queue: status, state }: CountProps) {
  const { queue } = status;
  const count = countWords(status, state);
  if (count === "0") return <td class="number quiet">0</td>;
  const label = `${count} ${WORDS.queues.states(state, printable(queue))}`;
  return (
    <td class={state === "failed" ? "number bad" : "number"}>
      <a href={tasksPath({ queue, state })} aria-label={label}>
        {state === "failed" && "✗ "}
        {count}
      </a>
    </td>
  );
}

const NAMED_SERVERS = 2;

function Servers({ servers }: { readonly servers: readonly WorkerInfo[] }) {
  if (servers.length === 0) return <Yes is={false} word={WORDS.queues.nobody} />;
  const names = servers.slice(0, NAMED_SERVERS).map(workerName);
  const more = servers.length - names.length;
  return (
    <a href="/workers">
      {names.join(", ")}
      {more > 0 && ` ${WORDS.queues.more(more)}`}
    </a>
  );
}

interface PauseLineProps {
  readonly pause: Pause;
  readonly form: string | null;
  readonly now: number;
}

function PauseLine({ pause, form, now }: PauseLineProps) {
  const { kind, name } = pause;
  return (
    <div class="line pause" id={rowId(kind, name)}>
      <span>
        <PauseSentence pause={pause} now={now} />
      </span>
      {form !== null && (
        <Action
          path="/queues/resume"
          formToken={form}
          fields={{ kind, name }}
          label={`${WORDS.queues.resume}: ${printable(name)}`}
        >
          {WORDS.queues.resume}
        </Action>
      )}
    </div>
  );
}

async function pausePage(c: Context<AdminEnv>, desk: Desk, refused?: Refused): Promise<Response> {
  const words = WORDS.queues;
  const values: Readonly<Record<string, string>> = refused?.values ?? c.req.query();
  const kind = values["kind"] === "task" ? "task" : "queue";
  const content = (
    <>
      <h1>{words.pauseTitle}</h1>
      <p>{words.pauseIntro}</p>
      <PauseForm
        path="/queues/pause"
        formToken={desk.formToken(c)}
        label={words.pause}
        look=""
        zone={zoneOf(c)}
        refused={refused}
      >
        <label>
          {words.kind}
          <select name="kind">
            <option value="queue" selected={kind === "queue"}>
              {words.kinds.queue}
            </option>
            <option value="task" selected={kind === "task"}>
              {words.kinds.task}
            </option>
          </select>
        </label>
        <label>
          {words.name}
          <input
            name="name"
            required
            value={values["name"] ?? ""}
            placeholder={words.nameExample}
          />
        </label>
      </PauseForm>
    </>
  );
  return desk.show(c, { title: words.pauseTitle, status: refused ? 422 : 200, content });
}
