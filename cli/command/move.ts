/** Shared by `tq retry`, `tq cancel`, `tq delete` and `tq move`: each moves tasks, given by id, by ref or by a filter. */
import { isTqError, TqError } from "../../src/errors.ts";
import { pauseWords, resumeCommand } from "../../src/store/pause-words.ts";
import type { ManyMove } from "../../src/store/looking.ts";
import type { WantedTask } from "../../src/store/situation.ts";
import type { Store } from "../../src/store/store.ts";
import type { Task, TaskState } from "../../src/task.ts";
import { looksLikeCondition } from "../../src/tasks/path-condition.ts";
import { type Command, command } from "./command.ts";
import { filterFlags, type GivenFilter, hasFilterFlag, readFilter } from "./filter.ts";
import type { Flags } from "./flags.ts";
import { moveMatching } from "./move-matching.ts";
import { heldNote } from "./pausing.ts";
import { modeOf } from "./mode.ts";
import { type AnyConfig, type Program, withExisting } from "./program.ts";
import { readIds } from "./values.ts";
import { findWanted, readWanted, REF_FLAG } from "./wanted.ts";

export interface Move {
  /** The verb, which is the command too: `retry`. */
  readonly name: string;
  /** Its participle for the answer: `retried`. */
  readonly done: string;
  readonly description: string;
  readonly examples?: Command["examples"];
  /** A note for users whose programs run their own tasks (`queue.worker = false`). */
  readonly withoutWorker?: string;
  /** The states that a task may be moved from. */
  readonly from: readonly TaskState[];
  /** The advice for a task in another state. */
  readonly otherwise?: string;
  /** The states that are meant where a filter names none; absent: it must name them. */
  readonly presumed?: readonly TaskState[];
  /** Its own flags. */
  readonly flags?: Flags;
  readonly read: (values: GivenFilter) => ManyMove;
}

/** The parts of a filter that moves have in another form. */
const WITHOUT = ["ref"] as const;

const MOVE_FLAGS = {
  "dry-run": {
    type: "boolean",
    description: "Only say how many tasks match, and list the newest of them",
  },
  yes: { type: "boolean", description: "Do not ask on a terminal before a filter moves tasks" },
} as const;

export function moveCommand(move: Move) {
  const { name, description, examples = [], from, presumed, flags = {} } = move;
  const states = `Instead of ids, all tasks in these states: ${from.join(", ")}`;
  return command({
    name,
    description,
    many: true,
    examples,
    flags: {
      id: {
        type: "positional",
        required: false,
        description:
          "The ids of tasks: 3 8, or 3,8; or conditions like args.order=4711, with --state",
      },
      ...flags,
      ref: REF_FLAG,
      ...filterFlags(presumed ? `${states} (default: all)` : states, WITHOUT),
      ...MOVE_FLAGS,
    },
    run: async (given, program) => {
      const values: GivenFilter = given;
      const conditions = given._.filter(looksLikeCondition);
      const ids = given._.filter((text) => !looksLikeCondition(text));
      const ref = typeof values["ref"] === "string" ? values["ref"] : undefined;
      const hasFilter = conditions.length > 0 || hasFilterFlag(values, WITHOUT);
      const isDry = values["dry-run"] === true;
      if ((ids.length > 0 || ref !== undefined) && (hasFilter || isDry)) {
        const why =
          "give ids or --ref, or a filter like --state, --queue or args.order=4711; not both";
        throw refused(
          move,
          isDry && !hasFilter ? "--dry-run is for filters, such as --state" : why,
        );
      }
      const what = move.read(values);
      if (ref !== undefined) return moveWanted(readWanted(name, ids[0], ref), program, move, what);
      if (ids.length > 0) return moveEach(ids, program, move, what);
      return moveByFilter({ values, conditions, isDry }, program, move, what);
    },
  });
}

interface Filtered {
  readonly values: GivenFilter;
  readonly conditions: readonly string[];
  readonly isDry: boolean;
}

async function moveByFilter(
  { values, conditions, isDry }: Filtered,
  program: Program,
  move: Move,
  what: ManyMove,
): Promise<number> {
  const { from, presumed, otherwise } = move;
  const { states = presumed, ...rest } = readFilter(values, conditions, from, otherwise);
  const isAsked = Object.keys(rest).length > 0 || typeof values["state"] === "string";
  if (states === undefined || !isAsked) {
    const why = `give the ids of tasks, --ref for one, or --state for all in a state: ${from.join(", ")}`;
    throw refused(move, why);
  }
  const options = { isDry, mayAsk: values["yes"] !== true };
  const config = program.anyConfig();
  const { moved, status, notes } = await withExisting(config, async (store) => {
    const ended = await moveMatching(store, { states, ...rest }, what, move, program, options);
    return { ...ended, notes: ended.moved > 0 ? await pauseNotes(store, move) : [] };
  });
  for (const sentence of notes) program.note(sentence);
  if (moved > 0) await noteWithoutWorker(config, program, move);
  return status;
}

function refused({ name }: Move, why: string): TqError {
  return new TqError("invalid", `Cannot ${name}: ${why}`);
}

/** Which of many tasks are paused is not looked at: what is paused is said. */
async function pauseNotes(store: Store, { name }: Move): Promise<string[]> {
  if (name !== "retry") return [];
  const pauses = await store.pauses.list();
  return pauses
    .slice(0, MOST_HELD)
    .map(
      (one) => `Some may wait: ${pauseWords(one, store.now())}; to go on: ${resumeCommand(one)}`,
    );
}

async function noteWithoutWorker(
  config: AnyConfig,
  program: Program,
  { withoutWorker }: Move,
): Promise<void> {
  if (withoutWorker === undefined || config.queue.worker) return;
  const mode = await withExisting(config, (store) => modeOf(store, config));
  if (mode === "no worker") program.note(withoutWorker);
}

async function moveOne(store: Store, what: ManyMove, id: number): Promise<Task> {
  switch (what.kind) {
    case "cancel":
      return store.cancel(id);
    case "retry":
      return store.retry(id);
    case "delete":
      return store.delete(id);
    case "place":
      return store.place(id, what);
  }
}

async function moveWanted(
  wanted: WantedTask,
  program: Program,
  move: Move,
  what: ManyMove,
): Promise<void> {
  const config = program.anyConfig();
  const { task, held } = await withExisting(config, async (store) => {
    const { id } = await findWanted(store, wanted, move.name);
    const task = await moveOne(store, what, id);
    return { task, held: await heldWords(store, [task]) };
  });
  program.answer(task, () => movedLine(task, what, move));
  for (const sentence of held) program.note(sentence);
  await noteWithoutWorker(config, program, move);
}

/** A sentence for each of the tasks, up to some, that waits although it was moved: it is paused. */
async function heldWords(store: Store, tasks: readonly Task[]): Promise<string[]> {
  const notes = await Promise.all(
    tasks.slice(0, MOST_HELD).map(async (task) => {
      const held = await heldNote(store, task);
      return held === null ? [] : [`Task ${task.id} waits: ${held}`];
    }),
  );
  return notes.flat();
}

const MOST_HELD = 5;

function movedLine({ id, state, queue, priority }: Task, what: ManyMove, { done }: Move): string {
  if (what.kind === "delete") return `${id} ${done}`;
  if (what.kind === "place") {
    const standing = what.now === true ? `, ${state}` : "";
    return `${id} ${done}: queue ${queue}, priority ${priority}${standing}`;
  }
  return `${id} ${state}`;
}

/**
 * Moves each task in a transaction of its own, so that a refused task does not stop the others.
 *
 * @throws the first refusal, after it has tried all tasks and printed the other refusals
 */
async function moveEach(
  texts: readonly string[],
  program: Program,
  move: Move,
  what: ManyMove,
): Promise<void> {
  const ids = [...new Set(readIds(texts))];
  const moved: Task[] = [];
  const refusals: TqError[] = [];
  let held: readonly string[] = [];
  const config = program.anyConfig();
  await withExisting(config, async (store) => {
    for (const id of ids) {
      try {
        moved.push(await moveOne(store, what, id));
      } catch (error) {
        if (!isTqError(error)) throw error;
        refusals.push(error);
      }
    }
    held = await heldWords(store, moved);
  });
  if (moved.length > 0) {
    program.answer(ids.length === 1 ? moved[0] : moved, () =>
      moved.map((task) => movedLine(task, what, move)).join("\n"),
    );
    for (const sentence of held) program.note(sentence);
    await noteWithoutWorker(config, program, move);
  }
  const [first, ...others] = refusals;
  for (const error of others) program.refuse(error);
  if (first !== undefined) throw first;
}
