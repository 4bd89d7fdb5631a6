/** @jsxImportSource hono/jsx */
/** The workers: how each of them is, and what its threads run now. */
import { Hono } from "hono";
import { printable } from "../../printable.ts";
import { isStopped, isWorker } from "../../store/live-workers.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import type { BusyThread, Working } from "../../store/working.ts";
import { callName } from "../../task.ts";
import { progressWords, shareOf } from "../../tasks/progress-words.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Desk } from "./desk.tsx";
import { Fact, Length, Table, tasksPath, Time } from "./parts.tsx";
import { WORDS } from "./words.ts";

export function workersPages(desk: Desk): Hono<AdminEnv> {
  const { store } = desk;
  const app = new Hono<AdminEnv>();
  app.get("/workers", desk.signedIn, async (c) => {
    const working = await store.working();
    const content = <Workers working={working} now={store.now()} />;
    const live = working.threads.length > 0 ? { pace: 1 } : {};
    return desk.show(c, { title: WORDS.pages.workers, live, content });
  });
  return app;
}

/** The name of a worker for people: its id says nothing to them. */
export function workerName({ host, pid }: Pick<WorkerStatus, "host" | "pid">): string {
  return printable(`${host}:${pid}`);
}

function Workers({ working, now }: { readonly working: Working; readonly now: number }) {
  const { workers, threads, at_least: more } = working;
  const words = WORDS.workers;
  const byWorker = Map.groupBy(threads, ({ worker }) => worker);
  return (
    <>
      <h1>{WORDS.pages.workers}</h1>
      {workers.length === 0 && <p class="quiet">{words.none}</p>}
      {more && <p class="quiet">{words.more}</p>}
      {workers.map((worker) => (
        <OneWorker worker={worker} threads={byWorker.get(worker.id) ?? []} now={now} />
      ))}
    </>
  );
}

/** A sign stands beside the word: the colour alone says nothing. */
export function WorkerState({ worker }: { readonly worker: WorkerStatus }) {
  const words = WORDS.workers.states;
  if (!worker.alive) return <span class="state bad">✗ {words.dead}</span>;
  if (worker.unsure === true) return <span class="state warn">? {words.unsure}</span>;
  if (isStopped(worker)) return <span class="state warn">‖ {words.stopped}</span>;
  if (worker.trouble !== null) return <span class="state bad">⚠ {words.trouble}</span>;
  return <span class="state good">✓ {isWorker(worker) ? words.alive : words.program}</span>;
}

interface WorkerProps {
  readonly worker: WorkerStatus;
  readonly threads: readonly BusyThread[];
  readonly now: number;
}

function OneWorker({ worker, threads, now }: WorkerProps) {
  const words = WORDS.workers;
  const { facts } = words;
  const idle = worker.threads - threads.length;
  return (
    <section aria-label={workerName(worker)} id={worker.id}>
      <h2>
        {workerName(worker)} <WorkerState worker={worker} />
      </h2>
      {worker.trouble !== null && <p class="bad">⚠ {printable(worker.trouble)}</p>}
      <dl class="facts">
        <Fact name={facts.id}>{printable(worker.id)}</Fact>
        <Fact name={facts.started}>
          <Time at={worker.started_at} />
        </Fact>
        <Fact name={facts.threads}>{words.threads(worker)}</Fact>
        <Fact name={facts.version}>{worker.version ?? "–"}</Fact>
        {worker.models_at !== null && (
          <Fact name={facts.models}>
            <Time at={worker.models_at} />
          </Fact>
        )}
        <Fact name={words.queues}>{printable(worker.queues.join(", ")) || words.allQueues}</Fact>
      </dl>
      {threads.length > 0 && (
        <Table
          label={words.runs(workerName(worker))}
          titles={words.columns}
          numbers={words.numbers}
        >
          {threads.map((thread) => (
            <ThreadRow thread={thread} now={now} />
          ))}
        </Table>
      )}
      {isWorker(worker) && idle > 0 && <p class="quiet">{words.idle(idle, worker.threads)}</p>}
    </section>
  );
}

/** The page of workers has the others. */
const MOST_SHOWN = 8;

/** The busy threads of all workers, for the overview. */
export function RunningNow({ working, now }: { readonly working: Working; readonly now: number }) {
  const words = WORDS.workers;
  const { workers, threads } = working;
  if (threads.length === 0) return null;
  const more = threads.length - MOST_SHOWN;
  const nameOf = (id: string) => {
    const worker = workers.find((one) => one.id === id);
    return worker && workerName(worker);
  };
  return (
    <>
      <h2>{words.now}</h2>
      <Table label={words.now} titles={words.columns} numbers={words.numbers.slice(1)}>
        {threads.slice(0, MOST_SHOWN).map((thread) => (
          <ThreadRow thread={thread} worker={nameOf(thread.worker)} now={now} />
        ))}
      </Table>
      {more > 0 && (
        <p>
          <a href="/workers">{words.moreThreads(more)}</a>
        </p>
      )}
    </>
  );
}

interface ThreadProps {
  readonly thread: BusyThread;
  /** Its worker's name, where the rows are of several. */
  readonly worker?: string | undefined;
  readonly now: number;
}

function ThreadRow({ thread, worker, now }: ThreadProps) {
  const { task, isFunction, isSure, others, progress } = thread;
  const words = WORDS.workers;
  const share = progress && shareOf(progress);
  const { dequeued_at: since } = task;
  return (
    <tr id={`thread-${thread.worker}-${thread.thread}`}>
      <th scope="row" {...(worker === undefined && { class: "number" })}>
        {worker === undefined ? thread.thread : `${worker} ${thread.thread}`}
      </th>
      <td class="number">
        <a href={`/tasks/${task.id}`}>{task.id}</a>
      </td>
      <td class="cut">
        {printable(callName(task.model, isFunction ? null : task.method))}
        {others > 0 && (
          <div class="small">
            {isSure ? words.others(others) : `${words.others(others)}; ${words.unsure}`}
          </div>
        )}
      </td>
      <td class="cut">
        <a href={tasksPath({ queue: task.queue })}>{printable(task.queue)}</a>
      </td>
      <Length ms={since === null ? null : Math.max(0, Math.floor((now - since) / 1_000) * 1_000)} />
      <td>
        {share !== null && <progress value={share} max={1} aria-label={WORDS.task.progress} />}{" "}
        {progress && printable(progressWords(progress))}
      </td>
    </tr>
  );
}
