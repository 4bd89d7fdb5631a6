/** Shared by `tq retry` and `tq cancel`: they move tasks, given by id, ref or state, into another state. */
import type { Config } from "../../src/settings/config.ts";
import { isTqError, TqError } from "../../src/errors.ts";
import type { MoveFilter } from "../../src/store/looking.ts";
import type { WantedTask } from "../../src/store/situation.ts";
import type { Store } from "../../src/store/store.ts";
import type { Task, TaskState } from "../../src/task.ts";
import { command } from "./command.ts";
import { filterFlags, readFilter } from "./filter.ts";
import { withExisting } from "./program.ts";
import type { Program } from "./program.ts";
import { counted } from "../terminal/text.ts";
import { unknownNameWords } from "./unknown-names.ts";
import { readIds } from "./values.ts";
import { findWanted, readWanted, REF_FLAG } from "./wanted.ts";

interface Move {
  /** The verb, which is the command too: `retry`. */
  readonly name: string;
  /** Its participle for the answer: `retried`. */
  readonly done: string;
  readonly description: string;
  /** A note for users whose programs run their own tasks (`queue.worker = false`). */
  readonly withoutWorker?: string;
  /** The states that a task may be moved from. */
  readonly from: readonly TaskState[];
  readonly one: (store: Store, id: number) => Promise<Task>;
  readonly all: (store: Store, filter: MoveFilter) => Promise<number>;
}

export function moveCommand(move: Move) {
  const { name, description, from } = move;
  return command({
    name,
    description,
    many: true,
    flags: {
      id: { type: "positional", required: false, description: "The ids of tasks: 3 8, or 3,8" },
      ref: REF_FLAG,
      ...filterFlags(`Instead of ids, all tasks in these states: ${from.join(", ")}`),
    },
    run: async ({ _: ids, ref, state, queue, model }, program) => {
      const given = { state, queue, model };
      const hasFilter = Object.values(given).some((value) => value !== undefined);
      if ((ids.length > 0 || ref !== undefined) && hasFilter) {
        throw refused(
          move,
          "give ids or --ref, or --state, with --queue or --model if you like; not both",
        );
      }
      if (ref !== undefined) return moveWanted(readWanted(name, ids[0], ref), program, move);
      if (ids.length > 0) return moveEach(ids, program, move);
      const { states, ...rest } = readFilter(given, from);
      if (states === undefined) {
        throw refused(
          move,
          `give the ids of tasks, --ref for one, or --state for all in a state: ${from.join(", ")}`,
        );
      }
      return moveAll({ states, ...rest }, program, move);
    },
  });
}

function refused({ name }: Move, why: string): TqError {
  return new TqError("invalid", `Cannot ${name}: ${why}`);
}

async function moveAll(filter: MoveFilter, program: Program, move: Move): Promise<void> {
  const { all, done } = move;
  const config = program.config();
  const { moved, unknown } = await withExisting(config, async (store) => {
    const moved = await all(store, filter);
    return { moved, unknown: moved > 0 ? [] : await unknownNameWords(store, filter) };
  });
  program.answer({ [done]: moved }, () => `${counted(moved, "task")} ${done}`);
  for (const sentence of unknown) program.note(sentence);
  if (moved > 0) noteWithoutWorker(config, program, move);
}

function noteWithoutWorker(config: Config, program: Program, { withoutWorker }: Move): void {
  if (withoutWorker !== undefined && !config.queue.worker) program.note(withoutWorker);
}

async function moveWanted(wanted: WantedTask, program: Program, move: Move): Promise<void> {
  const config = program.config();
  const task = await withExisting(config, async (store) => {
    const { id } = await findWanted(store, wanted, move.name);
    return move.one(store, id);
  });
  program.answer(task, () => movedLine(task));
  noteWithoutWorker(config, program, move);
}

function movedLine({ id, state }: Task): string {
  return `${id} ${state}`;
}

/**
 * Moves each task in a transaction of its own, so that a refused task does not stop the others.
 *
 * @throws the first refusal, after it has tried all tasks and printed the other refusals
 */
async function moveEach(texts: readonly string[], program: Program, move: Move): Promise<void> {
  const ids = readIds(texts);
  const moved: Task[] = [];
  const refusals: TqError[] = [];
  const config = program.config();
  await withExisting(config, async (store) => {
    for (const id of ids) {
      try {
        moved.push(await move.one(store, id));
      } catch (error) {
        if (!isTqError(error)) throw error;
        refusals.push(error);
      }
    }
  });
  if (moved.length > 0) {
    program.answer(ids.length === 1 ? moved[0] : moved, () => moved.map(movedLine).join("\n"));
    noteWithoutWorker(config, program, move);
  }
  const [first, ...others] = refusals;
  for (const error of others) program.refuse(error);
  if (first !== undefined) throw first;
}
