/** The screen of `tq top` as lines: no wider than the terminal, and no more than it has. */
import { countWords } from "../../src/store/count-words.ts";
import { isWorker } from "../../src/store/live-workers.ts";
import { COUNTED_STATES, type CountedState, type QueueStatus } from "../../src/store/looking.ts";
import { pauseWords } from "../../src/store/pause-words.ts";
import { printable } from "../../src/printable.ts";
import { formatDuration, MINUTE_MS } from "../../src/values/duration.ts";
import { rateWords } from "../terminal/statistics.ts";
import { paint, type Style, type Terminal } from "../terminal/terminal.ts";
import { counted, cut, formatTime, wrapped } from "../terminal/text.ts";
import type { TopLook } from "./look.ts";
import type { Pace } from "./pace.ts";
import { fitted } from "./sections.ts";
import { failureSection, queueSection, threadSection, workerSection } from "./tables.ts";

export interface Shown {
  readonly look: TopLook;
  /** null: not known yet. */
  readonly pace: Pace | null;
  /** Why the last look failed, so that this one is an older one; null: it did not. */
  readonly trouble: string | null;
}

/** Null in `width` and `height`: no terminal, and so no limit. */
export interface ScreenSize extends Terminal {
  readonly height: number | null;
  /** True where what is typed is read; else the terminal's Ctrl-C is what ends the screen. */
  readonly hasKeys: boolean;
}

export function screenLines({ look, pace, trouble }: Shown, size: ScreenSize): string[] {
  const { width, height } = size;
  const sentences: Sentence[] = [
    ...[...(trouble === null ? [] : [trouble]), ...look.status.problems].map(
      (text) => ["red", text] as const,
    ),
    ...look.status.pauses.map((pause) => ["yellow", pauseWords(pause, look.at)] as const),
  ];
  const head = [
    paint(size, "bold", headline(look)),
    ...lines(`${countsWords(look)}; ${threadsWords(look)}`, size),
    ...(pace === null ? [] : lines(paceWords(pace), size)),
    ...sentenceLines(sentences, size),
  ];
  const foot =
    height === null ? [] : ["", paint(size, "dim", size.hasKeys ? "q quits" : "Ctrl-C quits")];
  const room = height === null ? null : height - head.length - foot.length;
  const body = fitted(
    [
      queueSection(look, size),
      workerSection(look, size),
      threadSection(look, size),
      failureSection(look, size, `Failures of the last ${spanOf(look)}`),
    ],
    room,
  );
  if (width === null || height === null) return [...head, ...body];
  const above = [...head, ...body].slice(0, Math.max(height - foot.length, 0));
  return [...above, ...foot].slice(0, height).map((line) => cut(line, width));
}

function lines(text: string, { width }: Terminal): string[] {
  return wrapped(text, width).split("\n");
}

/** The time stands first: it shows, also in a narrow terminal, that the screen is alive. */
function headline({ at, status }: TopLook): string {
  return printable(`tq top  ${formatTime(at).slice("2026-07-31 ".length)}  ${status.path}`);
}

function countsWords({ status: { queues } }: TopLook): string {
  const total = totalOf(queues);
  const words = (["ready", "running", "scheduled", "failed"] as const).map(
    (state) => `${countWords(total, state)} ${state}`,
  );
  return words.join(", ");
}

/** Adds up all queues, with the marks of counts that are not exact. */
function totalOf(queues: readonly QueueStatus[]): QueueStatus {
  const sum = (state: CountedState) => queues.reduce((count, queue) => count + queue[state], 0);
  const sums = COUNTED_STATES.map((state) => [state, sum(state)] as const);
  const least = COUNTED_STATES.filter((state) => queues.some((one) => one.least?.includes(state)));
  const about = Object.fromEntries(queues.flatMap((queue) => Object.entries(queue.about ?? {})));
  const counts = Object.fromEntries(sums) as Record<CountedState, number>;
  return { queue: "", served: true, paused: false, ...counts, least, about };
}

function threadsWords({ workers }: TopLook): string {
  const live = workers.filter((one) => one.alive && isWorker(one));
  if (live.length === 0) return "no worker";
  const threads = live.reduce((sum, one) => sum + one.threads, 0);
  const busy = live.reduce((sum, { runs }) => sum + runs.length, 0);
  return `${counted(live.length, "worker")}, ${busy}/${counted(threads, "thread")} busy`;
}

function paceWords({ came, ended, within }: Pace): string {
  const out = ended === null ? "" : `, ${rateWords(ended)}/s ended`;
  return `${rateWords(came)}/s came${out} (last ${Math.round(within / 1_000)} s)`;
}

function spanOf({ lately: { since, until } }: TopLook): string {
  return formatDuration(Math.floor(until / MINUTE_MS) * MINUTE_MS - since);
}

type Sentence = readonly [style: Style, text: string];

/** On a terminal they must leave room for the tables. */
const SHARE = 1 / 4;

function sentenceLines(sentences: readonly Sentence[], size: ScreenSize): string[] {
  const { height } = size;
  const all = sentences.flatMap(([style, text]) =>
    lines(printable(text), size).map((line) => paint(size, style, line)),
  );
  const most = height === null ? all.length : Math.max(Math.floor(height * SHARE), 2);
  return all.length <= most ? all : [...all.slice(0, most - 1), REST];
}

const REST = "… tq status says more";
