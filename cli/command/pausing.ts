/** The target of `tq pause` and `tq resume`: a queue, given as an argument, or a method, given as a flag. */
import { didYouMeanCall, isOfAny, type KnownCall, matchesName } from "../../src/call-patterns.ts";
import { TqError } from "../../src/errors.ts";
import { isPattern, matches } from "../../src/patterns.ts";
import { cut } from "../../src/quote.ts";
import { printable } from "../../src/printable.ts";
import { resumeCommand, targetWords, whyHeld } from "../../src/store/pause-words.ts";
import { type Pause, pausesOf, type PauseTarget } from "../../src/store/pauses.ts";
import type { TaskNames } from "../../src/store/looking.ts";
import { callName, type Task } from "../../src/task.ts";
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
  const fits = kind === "queue" ? matches : matchesName;
  return all.filter((one) => one.kind === kind && (fits(one.name, name) || fits(name, one.name)));
}

/**
 * Says that no task has this queue or method: most often it is mistyped; null: one has, or a model.
 *
 * @param callsOfModels loads the models.
 */
export async function unknownWords(
  store: Store,
  target: PauseTarget,
  callsOfModels: () => Promise<readonly KnownCall[]>,
): Promise<string | null> {
  const names = await store.names();
  const { kind, name } = target;
  const hint =
    kind === "queue" ? queueHint(name, names) : await callHint(name, names, callsOfModels);
  if (hint === null) return null;
  return `No task is of ${targetWords(target)}${hint}; the pause holds for those to come`;
}

function queueHint(name: string, { queues, calls }: TaskNames): string | null {
  if (queues.some((one) => matches(name, one))) return null;
  const isCall = !isPattern(name) && isOfAny(name, calls);
  if (isCall) return `; the method is paused with --task ${name}`;
  return isPattern(name) ? "" : didYouMean(name, queues) || known(queues);
}

/** The models, which are user code, are asked only where no task has the name. */
async function callHint(
  name: string,
  { calls: pushed }: TaskNames,
  callsOfModels: () => Promise<readonly KnownCall[]>,
): Promise<string | null> {
  if (isOfAny(name, pushed)) return null;
  const calls = [...pushed, ...(await callsOfModels())];
  if (isOfAny(name, calls)) return null;
  const names = calls.map(({ model, method }) => callName(model, method));
  return (
    didYouMeanCall(name, calls) || (isPattern(name) ? "" : known([...new Set(names)], "there are"))
  );
}

function known(names: readonly string[], start = "tasks have"): string {
  return names.length === 0 ? "" : ` (${start} ${cut(printable(names.toSorted().join(", ")))})`;
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
