/** The target of `tq pause` and `tq resume`: a queue, given as an argument, or a method, given as a flag. */
import { TqError } from "../../src/errors.ts";
import { isPattern, matches } from "../../src/patterns.ts";
import { cut } from "../../src/quote.ts";
import { printable } from "../../src/printable.ts";
import { resumeCommand, targetWords, whyHeld } from "../../src/store/pause-words.ts";
import { type Pause, pausesOf, type PauseTarget } from "../../src/store/pauses.ts";
import type { Task } from "../../src/task.ts";
import type { Store } from "../../src/store/store.ts";
import { didYouMean } from "../../src/suggest.ts";
import { NAMES } from "../../src/tasks/pauses.ts";

export const TARGET_FLAGS = {
  queue: {
    type: "positional",
    required: false,
    description: "The name of a queue, or a pattern: * matches any characters, ? one",
  },
  task: {
    type: "string",
    valueHint: "MODEL.METHOD",
    description: "Instead of a queue a method, or a function; or a pattern: sale.*",
  },
} as const;

export interface GivenTarget {
  readonly queue: string | undefined;
  readonly task: string | undefined;
}

/** @throws TqError "invalid" where neither is given, or both are. */
export function readTarget(verb: string, { queue, task }: GivenTarget): PauseTarget {
  if (queue !== undefined && task === undefined) {
    return { kind: "queue", name: NAMES.queue.readText(queue, "QUEUE") };
  }
  if (task !== undefined && queue === undefined) {
    return { kind: "task", name: NAMES.task.readText(task, "--task") };
  }
  const why =
    task === undefined
      ? "give the name of a queue, or --task with a method"
      : "give a queue or --task, not both: each is a pause of its own";
  throw new TqError("invalid", `Cannot ${verb}: ${why}`);
}

/** The pauses that may hold some of the same tasks. */
export function overlapping<P extends PauseTarget>({ kind, name }: PauseTarget, all: P[]): P[] {
  return all.filter(
    (one) => one.kind === kind && (matches(one.name, name) || matches(name, one.name)),
  );
}

/** Says that no task has this queue or method: most often it is mistyped; null: one has. */
export async function unknownWords(store: Store, target: PauseTarget): Promise<string | null> {
  const { kind, name } = target;
  const { queues, models } = await store.names();
  const known = kind === "queue" ? queues : models;
  const wanted = kind === "queue" ? name : modelOf(name);
  if (known.some((one) => matches(wanted, one))) return null;
  const isMethod = kind === "queue" && models.includes(modelOf(name));
  const hint = isMethod ? `; the method is paused with --task ${name}` : near(wanted, known);
  return `No task is of ${targetWords(target)}${hint}; the pause holds for those to come`;
}

/** The part before the last dot; of a function all. */
function modelOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot === -1 ? name : name.slice(0, dot);
}

function near(name: string, names: readonly string[]): string {
  if (isPattern(name) || names.length === 0) return "";
  return didYouMean(name, names) || ` (tasks have ${cut(printable(names.toSorted().join(", ")))})`;
}

/** Why a task that waits is held, and how to go on; null: no pause holds it. */
export async function heldNote(store: Store, task: Task): Promise<string | null> {
  return heldBy(await store.pauses.list(), task, store.now());
}

/** As `heldNote`, where the pauses are known. */
export function heldBy(pauses: readonly Pause[], task: Task, now: number): string | null {
  if (task.state !== "ready" && task.state !== "scheduled") return null;
  const held = pausesOf(pauses, task);
  const why = whyHeld(held, task, now);
  return why && `${why}; to go on: ${held.map(resumeCommand).join("; ")}`;
}

export function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
