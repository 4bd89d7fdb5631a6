/** `tq move ID... --to QUEUE`, `tq move --queue mail --to slow`: waiting tasks into another queue, or with another priority. */
import { TqError } from "../src/errors.ts";
import { OPTIONS } from "../src/push/task-options.ts";
import { moveCommand } from "./command/move.ts";

export const move = moveCommand({
  name: "move",
  done: "moved",
  description: "Move waiting tasks into another queue, or give them another priority",
  from: ["scheduled", "ready"],
  otherwise: "; a task is moved while it waits",
  presumed: ["scheduled", "ready"],
  flags: {
    to: { type: "string", valueHint: "QUEUE", description: "The queue to move them into" },
    priority: {
      type: "string",
      valueHint: "N",
      description: "Their new priority: higher runs first",
    },
  },
  read: ({ to, priority }) => {
    if (to === undefined && priority === undefined) {
      throw new TqError("invalid", "Cannot move: say where to, with --to QUEUE or --priority N");
    }
    return {
      kind: "place",
      ...(typeof to === "string" ? { queue: OPTIONS.queue.kind.readText(to, "--to") } : {}),
      ...(typeof priority === "string"
        ? { priority: OPTIONS.priority.kind.readText(priority, "--priority") }
        : {}),
    };
  },
});
