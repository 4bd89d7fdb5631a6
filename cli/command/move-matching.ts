/** Moves all tasks of a filter: it counts them, asks on a terminal, then moves exactly those that it has counted. */
import type { ManyMove, ReadFilter } from "../../src/store/looking.ts";
import type { Store } from "../../src/store/store.ts";
import { findAll, movable, moveThese } from "../../src/tasks/many.ts";
import { canAsk } from "../terminal/ask.ts";
import { taskTable } from "../terminal/tasks.ts";
import { counted } from "../terminal/text.ts";
import type { Program } from "./program.ts";
import { unknownNameWords } from "./unknown-names.ts";
import { Interrupted, whileLooking } from "./while-looking.ts";

/** The words of a move. */
interface Words {
  /** The verb: `retry`. */
  readonly name: string;
  /** Its participle: `retried`. */
  readonly done: string;
}

interface Options {
  /** True where tasks are only counted and shown. */
  readonly isDry: boolean;
  /** False where the user wants no question. */
  readonly mayAsk: boolean;
}

interface Moved {
  readonly moved: number;
  /** The exit status. */
  readonly status: number;
}

/** A dry run shows so many tasks. */
const SHOWN = 10;

export async function moveMatching(
  store: Store,
  given: ReadFilter,
  move: ManyMove,
  words: Words,
  program: Program,
  { isDry, mayAsk }: Options,
): Promise<Moved> {
  const filter = movable(move, given);
  const ids = await findWatched(store, filter, program);
  if (ids instanceof Interrupted) {
    program.note("Stopped while it counted: no task was touched");
    return { moved: 0, status: ids.status };
  }
  if (isDry) {
    await showDry(store, filter, ids, words, program);
    return { moved: 0, status: 0 };
  }
  if (ids.length > 0 && mayAsk && canAsk() && !program.ask(question(ids, words))) {
    answer(0, words, program);
    return { moved: 0, status: 0 };
  }
  const { moved, stopped } = await moveWatched(store, filter, move, ids, words, program);
  answer(moved, words, program);
  if (stopped !== null) {
    program.note(`Stopped before the rest of ${ids.length}: the same command goes on`);
    return { moved, status: stopped.status };
  }
  if (ids.length > moved) {
    const rest = counted(ids.length - moved, "task");
    program.note(`${rest} changed while the others were ${words.done}, and stayed as they are`);
  }
  if (ids.length === 0) {
    for (const sentence of await unknownNameWords(store, filter)) program.note(sentence);
  }
  return { moved, status: 0 };
}

function answer(moved: number, { done }: Words, program: Program): void {
  program.answer({ [done]: moved }, () => `${counted(moved, "task")} ${done}`);
}

function question(ids: readonly number[], { name }: Words): string {
  const verb = name.charAt(0).toUpperCase() + name.slice(1);
  const [newest] = ids;
  const which =
    ids.length === 1
      ? `task ${newest}`
      : `${counted(ids.length, "task")}, ids ${ids.at(-1)} to ${newest}`;
  return `${verb} ${which}?`;
}

async function findWatched(
  store: Store,
  filter: ReadFilter,
  program: Program,
): Promise<number[] | Interrupted> {
  const line = program.countLine();
  const tell = (count: number) => line.show(() => `counts: ${count} so far`);
  const found = await whileLooking(async (signal) => {
    const ids = await findAll(store, filter, { tell, signal });
    signal.throwIfAborted();
    return ids;
  });
  line.end();
  return found;
}

async function moveWatched(
  store: Store,
  filter: ReadFilter,
  move: ManyMove,
  ids: readonly number[],
  { done }: Words,
  program: Program,
) {
  const line = program.countLine();
  let moved = 0;
  const tell = (count: number) => {
    moved = count;
    line.show(() => `${count} of ${counted(ids.length, "task")} ${done} so far`);
  };
  try {
    const stopped = await whileLooking(async (signal) => {
      await moveThese(store, move, ids, filter, { tell, signal });
      signal.throwIfAborted();
      return null;
    });
    return { moved, stopped };
  } finally {
    line.end();
  }
}

async function showDry(
  store: Store,
  filter: ReadFilter,
  ids: readonly number[],
  { done }: Words,
  program: Program,
): Promise<void> {
  const shown = ids.slice(0, SHOWN);
  // Between these ids alone: the list would look for further tasks down to the oldest.
  const bounds = { before: (shown[0] ?? 0) + 1, after: (shown.at(-1) ?? 0) - 1 };
  const tasks = shown.length === 0 ? [] : await store.list({ ...filter, ...bounds, limit: SHOWN });
  program.answer({ dry_run: true, count: ids.length, tasks }, () => {
    const line = `${counted(ids.length, "task")} would be ${done}`;
    if (tasks.length === 0) return line;
    const which = ids.length > tasks.length ? `, the newest ${tasks.length}` : "";
    return `${line}${which}:\n${taskTable(tasks, program.terminal)}`;
  });
  if (ids.length > 0) return;
  for (const sentence of await unknownNameWords(store, filter)) program.note(sentence);
}
