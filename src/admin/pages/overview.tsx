/** @jsxImportSource hono/jsx */
/** The first page: is all well? */
import { Hono } from "hono";
import type { Child } from "hono/jsx";
import { printable } from "../../printable.ts";
import type { QueueHour, QueueStatus, StoreStatus, WorkerStatus } from "../../store/looking.ts";
import { countedWords, countWords } from "../../store/count-words.ts";
import { pauseWords } from "../../store/pause-words.ts";
import { formatSize } from "../../values/size.ts";
import type { AdminEnv } from "../access/access.ts";
import { problems } from "../health.ts";
import { ASSETS } from "./assets.ts";
import { Charts, ChartSteps, spanOf } from "./charts/charts.tsx";
import type { Desk } from "./desk.tsx";
import { Fact, Length, tasksPath, Time, Yes } from "./parts.tsx";
import { WORDS } from "./words.ts";
import { workerName, WorkerState } from "./workers.tsx";

const CHART_ASSETS = [ASSETS.uplotStyle, ASSETS.uplot, ASSETS.charts];

export function overviewPages(desk: Desk): Hono<AdminEnv> {
  const { store, options } = desk;
  const charts = new ChartSteps(store);
  const app = new Hono<AdminEnv>();
  app.get("/", desk.signedIn, async (c) => {
    const status = await store.status();
    const found = await problems(options, status);
    const span = spanOf(c.req.query("last"));
    const isAgain = c.req.header("hx-request") !== undefined; // the page keeps its charts
    const steps = isAgain ? null : await charts.of(span);
    return desk.show(c, {
      title: WORDS.pages.overview,
      isLive: true,
      assets: CHART_ASSETS,
      content: (
        <Overview status={status} problems={found} now={store.now()}>
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

interface OverviewProps {
  readonly status: StoreStatus;
  /** In sentences. */
  readonly problems: readonly string[];
  readonly now: number;
  readonly children?: Child;
}

function Overview({ status, problems: found, now, children }: OverviewProps) {
  const { queues, workers, pauses, last_hour: hours } = status;
  const words = WORDS.overview;
  return (
    <>
      <h1>{WORDS.pages.overview}</h1>
      <Verdict queues={queues} problems={found} />
      {pauses.length > 0 && (
        <>
          <h2>{words.pauses}</h2>
          <ul>
            {pauses.map((pause) => (
              <li>{pauseWords(pause, now)}</li>
            ))}
          </ul>
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
      <h2>{words.database}</h2>
      <Files status={status} />
    </>
  );
}

function Verdict({
  queues,
  problems: found,
}: {
  queues: readonly QueueStatus[];
  problems: readonly string[];
}) {
  const words = WORDS.overview;
  if (found.length > 0) {
    return (
      <section class="verdict bad" aria-live="polite">
        <strong>⚠ {words.problems(found.length)}</strong>
        <ul>
          {found.map((sentence) => (
            <li>{sentence}</li>
          ))}
        </ul>
      </section>
    );
  }
  const waiting = queues.reduce((sum, { ready, scheduled }) => sum + ready + scheduled, 0);
  const running = queues.reduce((sum, queue) => sum + queue.running, 0);
  return (
    <section class="verdict good" aria-live="polite">
      <span class="good" aria-hidden="true">
        ✓
      </span>
      {waiting + running === 0 ? words.well : words.wellMore(waiting, running)}
    </section>
  );
}

function Files({ status }: { readonly status: StoreStatus }) {
  const words = WORDS.overview.facts;
  const { path, file_size, wal_size, free_size, durability, schema } = status;
  return (
    <dl class="facts">
      <Fact name={words.path}>{printable(path)}</Fact>
      <Fact name={words.size}>{formatSize(file_size)}</Fact>
      <Fact name={words.wal}>{formatSize(wal_size)}</Fact>
      <Fact name={words.free}>{formatSize(free_size)}</Fact>
      <Fact name={words.durability}>{durability}</Fact>
      <Fact name={words.schema}>{schema}</Fact>
    </dl>
  );
}

interface QueuesProps {
  readonly queues: readonly QueueStatus[];
  readonly hours: readonly QueueHour[];
  readonly now: number;
}

function Queues({ queues, hours, now }: QueuesProps) {
  const { columns } = WORDS;
  const ages = countedWords(queues, now);
  const hourOf = new Map(hours.map((hour) => [hour.queue, hour]));
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={WORDS.overview.queues}>
      <table>
        <thead>
          <tr>
            <th scope="col">{columns.queue}</th>
            {[
              columns.scheduled,
              columns.ready,
              columns.running,
              columns.failed,
              columns.ended,
              columns.late,
            ].map((title) => (
              <th scope="col" class="number">
                {title}
              </th>
            ))}
            <th scope="col">{columns.served}</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <QueueRow queue={queue} hour={hourOf.get(queue.queue)} />
          ))}
        </tbody>
      </table>
      {ages !== null && <p class="quiet">{ages}</p>}
    </div>
  );
}

function QueueRow({ queue, hour }: { queue: QueueStatus; hour: QueueHour | undefined }) {
  const { failed, served, paused, forecast } = queue;
  const numbers = (["scheduled", "ready", "running"] as const).map((state) => {
    return countWords(queue, state);
  });
  const late = hour?.late_start?.p99;
  return (
    <tr>
      <th scope="row">
        <a href={tasksPath({ queue: queue.queue })}>{printable(queue.queue)}</a>
      </th>
      {numbers.map((number) => (
        <td class="number">{number}</td>
      ))}
      <td class={failed > 0 ? "number" : "number quiet"}>
        {failed > 0 ? (
          <a href={tasksPath({ queue: queue.queue, state: "failed" })}>
            ✗ {countWords(queue, "failed")}
          </a>
        ) : (
          0
        )}
      </td>
      <td class="number">{forecast?.ended_per_minute ?? "–"}</td>
      <Length ms={late} />
      <td>
        <Yes is={served} word={served ? WORDS.yes : WORDS.no} />{" "}
        {paused && <span class="state warn">‖ {WORDS.paused}</span>}
      </td>
    </tr>
  );
}

function Workers({ workers }: { workers: readonly WorkerStatus[] }) {
  const { columns } = WORDS;
  const titles = [columns.worker, columns.state, columns.threads, columns.running];
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={WORDS.overview.workers}>
      <table>
        <thead>
          <tr>
            {[...titles, columns.started, columns.queues].map((title) => (
              <th scope="col">{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr>
              <th scope="row">
                <a href={`/workers#${worker.id}`}>{workerName(worker)}</a>
              </th>
              <td>
                <WorkerState worker={worker} />
              </td>
              <td>{worker.threads}</td>
              <td>{worker.running}</td>
              <td>
                <Time at={worker.started_at} />
              </td>
              <td>{worker.queues.join(", ") || WORDS.all}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
