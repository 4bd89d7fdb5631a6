/** A command: its help, its flags and its function. citty runs it after `line.ts` has checked the command line. */
import { defineCommand } from "citty";
import { COMMON_FLAGS } from "./flags.ts";
import type { Flags, Values } from "./flags.ts";
import { Program } from "./program.ts";

type Example = readonly [line: string, words: string];

export interface Command {
  readonly name: string;
  readonly description: string;
  readonly flags: Flags;
  /** The user may give its last positional argument several times. */
  readonly many: boolean;
  /** The arguments after its first positional argument belong to the program that it runs. */
  readonly passesOn: boolean;
  /** Its positional arguments where they have several forms: `["MODEL METHOD INSTANCES", "FUNCTION [ARGS]"]`. */
  readonly forms: readonly string[] | null;
  /** Command lines that people begin with, and what each does. */
  readonly examples: readonly Example[];
  /** The command as citty takes it. It knows only the given flags: citty tries three spellings of each. */
  citty(given: ReadonlySet<string>): ReturnType<typeof defineCommand<Flags>>;
}

/** Commands of two words: `tq cron list`. */
export interface CommandGroup {
  /** The first word. */
  readonly name: string;
  readonly description: string;
  /** By their second words; their names have both. */
  readonly commands: Commands<Command>;
}

/** By their words, each loaded when it is asked for. */
export type Commands<C = Command | CommandGroup> = Readonly<Record<string, () => Promise<C>>>;

export async function loadAll<C>(commands: Commands<C>): Promise<C[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}

export function isGroup(entry: Command | CommandGroup): entry is CommandGroup {
  return "commands" in entry;
}

/** Those of groups, too, in the order of the help. */
export async function allCommands(commands: Commands): Promise<Command[]> {
  const all: Command[] = [];
  for (const entry of await loadAll(commands)) {
    if (isGroup(entry)) all.push(...(await loadAll(entry.commands)));
    else all.push(entry);
  }
  return all;
}

interface Definition<F extends Flags> extends Partial<
  Pick<Command, "many" | "passesOn" | "forms" | "examples">
> {
  readonly name: string;
  readonly description: string;
  readonly flags: F;
  /** Resolves to the exit status; undefined means 0, or the status that a user's program has set. */
  run(values: Values<F & typeof COMMON_FLAGS>, program: Program): Promise<number | void>;
}

/**
 * @example
 * export const version = command({ name: "version", description: "Print the version", flags: {}, run });
 */
export function command<const F extends Flags>(definition: Definition<F>): Command {
  const { name, description, many = false, passesOn = false, forms = null } = definition;
  const { examples = [] } = definition;
  const flags: Flags = { ...definition.flags, ...COMMON_FLAGS };
  const citty = (given: ReadonlySet<string>) =>
    defineCommand<Flags>({
      meta: { name, description },
      args: Object.fromEntries(
        Object.entries(flags).filter(([key, { type }]) => type === "positional" || given.has(key)),
      ),
      run: async ({ args }) => {
        const values: unknown = { ...args }; // citty's own object tries the spellings at every access
        const program = new Program(values as Values<typeof COMMON_FLAGS>, flags, name);
        return definition.run(values as Values<F & typeof COMMON_FLAGS>, program);
      },
    });
  return { name, description, flags, many, passesOn, forms, examples, citty };
}
