/** `tq move ID... --to QUEUE`, `tq move --queue mail --to slow`: waiting tasks into another queue, with another priority, or to now. */
import { TqError } from "../src/errors.ts";
import { OPTIONS } from "../src/push/task-options.ts";
import { moveCommand } from "./command/move.ts";

export const move = moveCommand({
  name: "move",
  done: "moved",
  description:
    "Move waiting tasks into another queue, give them another priority, or let them run now",
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
    now: { type: "boolean", description: "Let them run now, though they are scheduled for later" },
  },
  read: ({ to, priority, now }) => {
    if (to === undefined && priority === undefined && now !== true) {
      throw new TqError(
        "invalid",
        "Cannot move: say where to, with --to QUEUE, --priority N or --now",
      );
    }
    return {
      kind: "place",
      ...(typeof to === "string" ? { queue: OPTIONS.queue.kind.readText(to, "--to") } : {}),
      ...(typeof priority === "string"
        ? { priority: OPTIONS.priority.kind.readText(priority, "--priority") }
        : {}),
      ...(now === true ? { now } : {}),
    };
  },
});
