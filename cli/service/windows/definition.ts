/** The file with the plan of a service of Windows. Windows reads its registry instead: the file is for the commands of tq. */
import { join } from "node:path";
import { MADE_BY } from "../files.ts";
import type { Plan } from "../plan.ts";

export interface Definition {
  readonly name: string;
  readonly description: string;
  /** As whom it runs. */
  readonly account: string;
  readonly command: readonly string[];
  readonly folder: string;
  readonly log: string;
  /** The ms that running tasks have to end at a stop. */
  readonly grace: number;
}

export function definitionOf(plan: Plan): string {
  const { label, description, command, folder, grace } = plan;
  const definition: Definition = {
    name: label,
    description,
    account: String.raw`NT AUTHORITY\LocalService`, // which may do little on the machine
    command,
    folder,
    log: join(plan.writes, `${label}.log`), // the one folder that its account can surely write
    grace,
  };
  return `${JSON.stringify({ about: MADE_BY, ...definition }, null, 2)}\n`;
}

/** Null where it is none. */
export function readPlan(text: string): Definition | null {
  try {
    return JSON.parse(text) as Definition;
  } catch {
    return null;
  }
}
