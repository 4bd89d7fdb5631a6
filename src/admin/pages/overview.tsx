/** @jsxImportSource hono/jsx */
/** The first page: is all well? */
import { Hono } from "hono";
import type { Child } from "hono/jsx";
import { printable } from "../../printable.ts";
import {
  endedIn,
  type QueueHour,
  type QueueStatus,
  type StoreStatus,
  type WorkerStatus,
} from "../../store/looking.ts";
import { countedWords, countWords } from "../../store/count-words.ts";
import { weightiest } from "../../store/weightiest.ts";
import type { Working } from "../../store/working.ts";
import type { AdminEnv } from "../access/access.ts";
import { problems } from "../health.ts";
import { ASSETS } from "./assets.ts";
import { Charts, ChartSteps, spanOf } from "./charts/charts.tsx";
import type { Desk } from "./desk.tsx";
import { Files } from "./files.tsx";
import { PauseSentence } from "./form.tsx";
import { inOrder, Length, rowId, Table, tasksPath, Time, Yes } from "./parts.tsx";
import { WORDS } from "./words.ts";
import { RunningNow, workerName, WorkerState } from "./workers.tsx";

const CHART_ASSETS = [ASSETS.uplotStyle, ASSETS.uplot, ASSETS.charts];

export function overviewPages(desk: Desk): Hono<AdminEnv> {
  const { store, options } = desk;
  const charts = new ChartSteps(store);
  const app = new Hono<AdminEnv>();
  app.get("/", desk.signedIn, async (c) => {
    const [status, working] = [await store.status(), await store.working()];
    const found = await problems(options, status);
    const span = spanOf(c.req.query("last"));
    const isAgain = c.req.header("hx-request") !== undefined; // the page keeps its charts
    const steps = isAgain ? null : await charts.of(span);
    return desk.show(c, {
      title: WORDS.pages.overview,
      live: working.threads.length > 0 ? { pace: RUNNING_PACE_S } : {},
      assets: CHART_ASSETS,
      content: (
        <Overview status={status} working={working} problems={found} now={store.now()}>
          <Charts span={span} steps={steps} />
        </Overview>
      ),
    });
  });
  app.get("/charts", desk.signedIn, async (c) => {
    const span = spanOf(c.req.query("last"));
    return c.html(<Charts span={span} steps={await charts.of(span)} />);
  });
  return app;
}

/** Runs tell how far they are without a commit. */
const RUNNING_PACE_S = 2;

interface OverviewProps {
  readonly status: StoreStatus;
  readonly working: Working;
  /** In sentences. */
  readonly problems: readonly string[];
  readonly now: number;
  readonly children?: Child;
}

function Overview({ status, working, problems: found, now, children }: OverviewProps) {
  const { queues, workers, pauses, last_hour: hours } = status;
  const words = WORDS.overview;
  return (
    <>
      <h1>{WORDS.pages.overview}</h1>
      <Verdict status={status} problems={found} />
      {pauses.length > 0 && (
        <>
          <h2>{words.pauses}</h2>
          {pauses.map((pause) => (
            <p id={rowId("pause", `${pause.kind} ${pause.name}`)}>
              <PauseSentence pause={pause} now={now} />
            </p>
          ))}
        </>
      )}
      <h2>{words.queues}</h2>
      {queues.length === 0 ? (
        <p class="quiet">{words.noQueues}</p>
      ) : (
        <Queues {...{ queues, hours, now }} />
      )}
      {children}
      <h2>{words.workers}</h2>
      {workers.length === 0 ? (
        <p class="quiet">{words.noWorkers}</p>
      ) : (
        <Workers workers={workers} />
      )}
      <RunningNow working={working} now={now} />
      <h2>{words.database}</h2>
      <Files status={status} now={now} />
    </>
  );
}

interface VerdictProps {
  readonly status: StoreStatus;
  readonly problems: readonly string[];
}

/** Readers hear of a change of the first words alone: the numbers change each second. */
function Verdict({ status, problems: found }: VerdictProps) {
  const words = WORDS.overview;
  const hasFailed = failedNow(status) > 0 && status.failed_lately > 0;
  const isWell = found.length === 0 && !hasFailed;
  const look = isWell ? "good" : "bad";
  const rest = hasFailed ? words.failing : words.well;
  return (
    <section class={`verdict ${look}`} id="verdict">
      <p>
        <span class={look} aria-hidden="true">
          {isWell ? "✓" : "⚠"}
        </span>{" "}
        <strong role="status" id="verdict-words">
          {found.length > 0 ? words.problems(found.length) : rest}
        </strong>
        : <Now status={status} />.
      </p>
      {found.length > 0 && (
        <ul>
          {found.map((sentence) => (
            <li>{printable(sentence)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Now({ status }: { readonly status: StoreStatus }) {
  const { queues } = status;
  const words = WORDS.overview;
  const waiting = sumOf(queues, ({ ready, scheduled }) => ready + scheduled);
  const isAll = !queues.some(({ at_least: more }) => more);
  const running = sumOf(queues, (queue) => queue.running);
  const failed = failedNow(status);
  const { failed_lately: lately } = status;
  return (
    <>
      {waiting + running === 0 ? words.quiet : words.now(waiting, isAll, running)}
      {failed > 0 && (
        <>
          ; <a href="/failed">{words.failed(failed)}</a>
          {lately > 0 && words.lately(lately)}
        </>
      )}
    </>
  );
}

function failedNow({ queues }: StoreStatus): number {
  return sumOf(queues, (queue) => queue.failed);
}

function sumOf<T>(rows: readonly T[], number: (row: T) => number): number {
  return rows.reduce((sum, row) => sum + number(row), 0);
}

interface QueuesProps {
  readonly queues: readonly QueueStatus[];
  readonly hours: readonly QueueHour[];
  readonly now: number;
}

/** The page of queues has the others. */
const MOST_QUEUES = 12;

function Queues({ queues, hours, now }: QueuesProps) {
  const { columns } = WORDS;
  const ages = countedWords(queues, now);
  const hourOf = new Map(hours.map((hour) => [hour.queue, hour]));
  const shown = queues.length > MOST_QUEUES ? weightiest(queues, MOST_QUEUES) : queues;
  const more = queues.length - shown.length;
  const { scheduled, ready, running, failed, ended, late } = columns;
  const numbers = [ready, running, failed, scheduled, ended, late];
  return (
    <>
      <Table
        label={WORDS.overview.queues}
        titles={[columns.queue, ...numbers, columns.served]}
        numbers={numbers}
      >
        {inOrder(shown).map((queue) => (
          <QueueRow queue={queue} hour={hourOf.get(queue.queue)} />
        ))}
      </Table>
      {ages !== null && <p class="quiet">{ages}</p>}
      {more > 0 && (
        <p>
          <a href="/queues">{WORDS.overview.moreQueues(more)}</a>
        </p>
      )}
    </>
  );
}

function QueueRow({ queue, hour }: { queue: QueueStatus; hour: QueueHour | undefined }) {
  const { failed, served, paused, forecast } = queue;
  const numbers = [countWords(queue, "ready"), countWords(queue, "running")];
  const late = hour?.late_start?.p99;
  return (
    <tr id={rowId("queue", queue.queue)}>
      <th scope="row" class="name">
        <a href={tasksPath({ queue: queue.queue })}>{printable(queue.queue)}</a>
      </th>
      {numbers.map((number) => (
        <td class="number">{number}</td>
      ))}
      <td class={failed > 0 ? "number bad" : "number quiet"}>
        {failed > 0 ? (
          <a href={tasksPath({ queue: queue.queue, state: "failed" })}>
            ✗ {countWords(queue, "failed")}
          </a>
        ) : (
          0
        )}
      </td>
      <td class="number">{countWords(queue, "scheduled")}</td>
      <td class="number">{forecast?.ended_per_minute ?? ofHour(hour)}</td>
      <Length ms={late} />
      <td>
        <Yes is={served} word={served ? WORDS.yes : WORDS.no} />{" "}
        {paused && <span class="state warn">‖ {WORDS.paused}</span>}
      </td>
    </tr>
  );
}

/** Where too few tasks end for a rate of now. */
function ofHour(hour: QueueHour | undefined): string | number {
  const ended = hour ? endedIn(hour) : 0;
  return ended === 0 ? "–" : Math.round((ended / 60) * 100) / 100;
}

function Workers({ workers }: { workers: readonly WorkerStatus[] }) {
  const { columns } = WORDS;
  const { worker: name, state, threads, running, version, started, queues } = columns;
  const numbers = [threads, running];
  return (
    <Table
      label={WORDS.overview.workers}
      titles={[name, state, ...numbers, version, started, queues]}
      numbers={numbers}
    >
      {workers.map((worker) => (
        <tr id={`worker-${worker.id}`}>
          <th scope="row">
            <a href={`/workers#${worker.id}`}>{workerName(worker)}</a>
          </th>
          <td>
            <WorkerState worker={worker} />
          </td>
          <td class="number">{WORDS.workers.threads(worker)}</td>
          <td class="number">{worker.running}</td>
          <td>{worker.version ?? "–"}</td>
          <td>
            <Time at={worker.started_at} />
          </td>
          <td class="cut">{printable(worker.queues.join(", ")) || WORDS.all}</td>
        </tr>
      ))}
    </Table>
  );
}
