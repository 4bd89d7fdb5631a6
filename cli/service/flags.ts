/** The flags of all commands of `tq service`, and what they say. */
import type { Program } from "../command/program.ts";
import { readDefinition } from "./files.ts";
import type { Manager } from "./manager.ts";
import { ownManager } from "./managers.ts";
import { labelOf } from "./plan.ts";
import { otherProject } from "./project.ts";

export const SERVICE_FLAGS = {
  name: {
    type: "string",
    valueHint: "NAME",
    description: "The service is tq-NAME (default: the name of the project's folder)",
  },
  serve: {
    type: "boolean",
    description: "The service of tq serve, the API alone, in place of that of a worker",
  },
  user: {
    type: "boolean",
    description: "A service of your own, which needs no root, in place of one of the machine",
  },
} as const;

interface Given {
  readonly serve: boolean | undefined;
  readonly name: string | undefined;
  readonly user: boolean | undefined;
}

interface Named {
  readonly label: string;
  readonly manager: Manager;
  /** The project whose service it is, where that is another one and no flag names the service; null: all is well. */
  readonly other: string | null;
}

/** The service that the flags name, or that of this project, and what manages it. */
export function serviceOf({ name, serve, user }: Given, program: Program): Named {
  const manager = ownManager(user === true ? "user" : "system");
  const config = () => program.config();
  const label = labelOf(name, config, serve);
  const refusal = manager.refusal("look");
  if (refusal !== null) throw refusal;
  if (name !== undefined) return { label, manager, other: null };
  const definition = readDefinition(manager.file(label));
  return { label, manager, other: otherProject(definition, manager, config()) };
}
