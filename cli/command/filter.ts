/** The flags that select tasks: --state, --queue, --model. */
import { CALL, OPTIONS } from "../../src/push/task-options.ts";
import type { TaskState } from "../../src/task.ts";
import { readWords } from "./values.ts";

/** @param description of --state: it lists the states that make sense for the command */
export function filterFlags(description: string) {
  return {
    state: { type: "string", multiple: true, valueHint: "STATE", description },
    queue: {
      type: "string",
      alias: "name",
      valueHint: "NAME",
      description: "Only tasks of this queue",
    },
    model: { type: "string", valueHint: "NAME", description: "Only tasks of this model" },
  } as const;
}

interface Given {
  readonly state: string | undefined;
  readonly queue: string | undefined;
  readonly model: string | undefined;
}

/** @throws TqError "invalid" for a state that is not allowed. */
export function readFilter({ state, queue, model }: Given, allowed: readonly TaskState[]) {
  return {
    ...(state === undefined ? {} : { states: readWords(state, "--state", allowed) }),
    ...(queue === undefined ? {} : { queue: OPTIONS.queue.kind.readText(queue, "--queue") }),
    ...(model === undefined ? {} : { model: CALL.model.kind.readText(model, "--model") }),
  };
}
