/** `tq top`: the queues, workers, threads and failures on a screen that is drawn again and again. */
import { isTqError, messageOf } from "../../src/errors.ts";
import { systemClock } from "../../src/clock.ts";
import { readLast } from "../../src/tasks/statistics/span.ts";
import { formatDuration, SECOND_MS } from "../../src/values/duration.ts";
import { command } from "../command/command.ts";
import type { Program } from "../command/program.ts";
import { Interrupted, whileLooking } from "../command/while-looking.ts";
import { FullScreen, isScreen } from "../terminal/full-screen.ts";
import { type Source, type TopLook, whileOpen } from "./look.ts";
import { PaceMeter } from "./pace.ts";
import { screenLines } from "./screen.ts";

const DEFAULT_LAST = "5m";

export const top = command({
  name: "top",
  description: "Show queues, workers, threads, rates, lateness and failures on a live screen",
  examples: [
    ["tq top", "Until q is typed"],
    ["tq top > state.txt", "What it shows now, into a file"],
  ],
  flags: {
    last: {
      type: "string",
      valueHint: "hour|day|week|TIME",
      description: `The time whose rates, lateness and failures are shown: hour, day, or a length such as 30m (default: ${DEFAULT_LAST})`,
    },
  },
  run: async ({ last = DEFAULT_LAST }, program) => {
    const length = readLast(last, "--last");
    return whileOpen(program.anyConfig(), length, async (source) => {
      if (!program.json && isScreen()) return live(source);
      once(await source.look(), program);
      return 0;
    });
  },
});

/** For a pipe, a file, and a terminal that cannot be drawn on. */
function once(look: TopLook, program: Program): void {
  const { status, workers, lately, failures, at } = look;
  const { since, until, groups } = lately;
  const data = { at, ...status, workers, lately: { since, until, groups, failures } };
  program.answer(data, () => {
    const shown = { look, pace: null, trouble: null };
    return screenLines(shown, { ...program.terminal, height: null, hasKeys: false }).join("\n");
  });
}

const LOCAL_MS = SECOND_MS;
const REMOTE_MS = 2 * SECOND_MS;

/** A look takes longer where many tasks are counted: it must not take more than a small part of a core. */
const REST_TIMES = 10;

const ESCAPE = "\u001b";

/** A look that takes longer is told: what is shown meanwhile grows old. */
const PATIENCE_MS = 3 * SECOND_MS;

/** q, Ctrl-C, Ctrl-D and Ctrl-\. */
const QUITS = ["q", "Q", "\u0003", "\u0004", "\u001c"];

function isQuit(keys: string): boolean {
  const typed = Bun.stripANSI(keys); // without the keys of arrows and the like, which begin as Escape does
  return keys === ESCAPE || QUITS.some((key) => typed.includes(key));
}

/** @returns the exit status */
async function live(source: Source): Promise<number> {
  let look = await source.look(); // what refuses the first look, refuses the command
  let trouble: string | null = null;
  const meter = new PaceMeter();
  meter.add(momentOf(look));
  const end = Promise.withResolvers<number | Interrupted>();
  const shown = await whileLooking(async (signal) => {
    const interrupted = () => end.resolve(signal.reason as Interrupted);
    signal.addEventListener("abort", interrupted, { once: true });
    const draw = () => screen.draw(screenLines({ look, pace: meter.pace, trouble }, screen.size));
    using screen = new FullScreen({
      onKeys: (keys) => {
        if (isQuit(keys)) end.resolve(0);
      },
      onChange: draw,
    });
    draw();
    const looks = lookOn(source, end.promise, (news) => {
      trouble = typeof news === "string" ? news : null;
      if (typeof news !== "string") {
        look = news;
        meter.add(momentOf(look));
      }
      draw();
    });
    return await Promise.race([end.promise, looks]); // the screen is there until then
  });
  return shown instanceof Interrupted ? shown.status : shown;
}

/** Looks until the end; never resolves before. @param tell of each look, or why it failed. */
async function lookOn(
  source: Source,
  end: Promise<number | Interrupted>,
  tell: (news: TopLook | string) => void,
): Promise<number | Interrupted> {
  let isOver = false;
  const over = end.then((status) => {
    isOver = true;
    return status;
  });
  for (let took = 0; ;) {
    const pause = Math.max(source.remote ? REMOTE_MS : LOCAL_MS, took * REST_TIMES);
    await Promise.race([Bun.sleep(pause), over]);
    if (isOver) return over;
    const started = systemClock.monotonic();
    const waiting = setInterval(() => {
      const waited = systemClock.monotonic() - started;
      if (!isOver && waited >= PATIENCE_MS) tell(silenceWords(waited));
    }, SECOND_MS);
    waiting.unref();
    const looking = source.look().finally(() => clearInterval(waiting));
    const news = await looking.catch((error: unknown) => {
      if (!isOver && !mayPass(source, error)) throw error;
      return messageOf(error);
    });
    took = systemClock.monotonic() - started;
    if (isOver) return over;
    tell(news);
  }
}

function silenceWords(waited: number): string {
  const length = formatDuration(Math.floor(waited / SECOND_MS) * SECOND_MS);
  return `No answer for ${length}: what stands here is older`;
}

/** True for what may be over at the next look: a busy database, and any trouble of a network. */
function mayPass({ remote }: Source, error: unknown): boolean {
  return isTqError(error) && (error.code === "busy" || (remote && error.code === "database"));
}

function momentOf({ newest, status: { queues } }: TopLook) {
  const isExact = queues.every(({ least, about }) => least === undefined && about === undefined);
  const open = queues.reduce((sum, one) => sum + one.scheduled + one.ready + one.running, 0);
  return { at: systemClock.monotonic(), newest, open: isExact ? open : null };
}
