/** The flags of all commands of `tq service`, and what they say. */
import type { Program } from "../command/program.ts";
import type { Manager } from "./manager.ts";
import { ownManager } from "./managers.ts";
import { labelOf } from "./plan.ts";

export const SERVICE_FLAGS = {
  name: {
    type: "string",
    valueHint: "NAME",
    description: "The service is tq-NAME (default: the name of the project's folder)",
  },
  user: {
    type: "boolean",
    description: "A service of your own, which needs no root, in place of one of the machine",
  },
} as const;

interface Given {
  readonly name: string | undefined;
  readonly user: boolean | undefined;
}

/** The service that the flags name, and what manages it. */
export function serviceOf(
  { name, user }: Given,
  program: Program,
): { label: string; manager: Manager } {
  const manager = ownManager(user === true ? "user" : "system");
  return { label: labelOf(name, () => program.config()), manager };
}
