/** The task that a command is about: its id, or the ref of its push. */
import { noSuchTask, TqError } from "../../src/errors.ts";
import { OPTIONS } from "../../src/push/task-options.ts";
import { quote } from "../../src/quote.ts";
import type { WantedTask } from "../../src/store/situation.ts";
import { readId } from "./values.ts";

export const WANTED_FLAGS = {
  id: { type: "positional", required: false, description: "The id of a task" },
  ref: {
    type: "string",
    valueHint: "TEXT",
    description: "Instead of an id, the ref of its push",
  },
} as const;

/** @param move begins the sentence of a refusal: `show` */
export function readWanted(
  id: string | undefined,
  ref: string | undefined,
  move: string,
): WantedTask {
  if (id !== undefined && ref === undefined) return { id: readId(id) };
  if (id === undefined && ref !== undefined) {
    return { ref: OPTIONS.ref.kind.readText(ref, "--ref") };
  }
  const why =
    id === undefined ? "give the id of a task, or --ref" : "give an id or --ref, not both";
  throw new TqError("invalid", `Cannot ${move}: ${why}`);
}

export function noSuchWanted(wanted: WantedTask, move: string): TqError {
  const name = "id" in wanted ? `task ${wanted.id}` : `the task with the ref ${quote(wanted.ref)}`;
  return noSuchTask(`${move} ${name}`);
}
