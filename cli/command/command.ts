/** A command: its words, its flags, and what it does. citty runs it once `line.ts` has checked its line. */
import { defineCommand } from "citty";
import { COMMON } from "./flags.ts";
import type { Flags, Values } from "./flags.ts";
import { Program } from "./program.ts";

export interface Command {
  readonly name: string;
  readonly description: string;
  readonly flags: Flags;
  /** Its last positional argument may be given several times. */
  readonly many: boolean;
  /** What stands after its first positional argument belongs to somebody else. */
  readonly passesOn: boolean;
  /** The command as citty takes it, knowing only the flags that the line gives: it spells each in three ways. */
  citty(given: ReadonlySet<string>): ReturnType<typeof defineCommand<Flags>>;
}

interface Definition<F extends Flags> extends Partial<Pick<Command, "many" | "passesOn">> {
  readonly name: string;
  readonly description: string;
  readonly flags: F;
  /** Gives the exit status; nothing means 0, or what a user's program has set. */
  run(values: Values<F & typeof COMMON>, program: Program): Promise<number | void>;
}

/**
 * @example
 * export const version = command({ name: "version", description: "Print the version", flags: {}, run });
 */
export function command<const F extends Flags>(definition: Definition<F>): Command {
  const { name, description, many = false, passesOn = false } = definition;
  const flags: Flags = { ...definition.flags, ...COMMON };
  const citty = (given: ReadonlySet<string>) =>
    defineCommand<Flags>({
      meta: { name, description },
      args: Object.fromEntries(
        Object.entries(flags).filter(([key, { type }]) => type === "positional" || given.has(key)),
      ),
      run: async ({ args }) => {
        const values: unknown = { ...args }; // citty's own object tries the spellings again at each look
        const program = new Program(values as Values<typeof COMMON>, flags);
        return definition.run(values as Values<F & typeof COMMON>, program);
      },
    });
  return { name, description, flags, many, passesOn, citty };
}
