/** The flags and arguments that select tasks. */
import { systemClock } from "../../src/clock.ts";
import { TqError } from "../../src/errors.ts";
import { quote } from "../../src/quote.ts";
import type { ReadFilter } from "../../src/store/looking.ts";
import type { TaskState } from "../../src/task.ts";
import { addCall, CALL, CALL_HELP } from "../../src/tasks/call-filter.ts";
import { FILTER_PARTS, type FilterPart, readWritten } from "../../src/tasks/filter.ts";
import type { Flag, Flags } from "./flags.ts";

const CALL_FLAG = { type: "string", valueHint: "CALL", description: CALL_HELP } as const;

/** The help of arguments that are conditions. */
export const CONDITION_WORDS =
  "Only tasks with this value in args, kwargs, context, instances or result: args.order=4711, or args.name~miller for text that contains another";

/** @param stateWords the description of --state: it lists the states that make sense for the command */
export function filterFlags(stateWords: string, without: readonly FilterPart["key"][] = []) {
  const flags = FILTER_PARTS.filter(({ key }) => !without.includes(key)).map((part) => [
    part.flag,
    {
      type: "string",
      valueHint: part.hint,
      description: part.key === "states" ? stateWords : part.help,
      ...(part.alias === undefined ? {} : { alias: part.alias }),
      ...(part.key === "states" ? { multiple: true } : {}),
    } satisfies Flag,
  ]);
  return { ...Object.fromEntries(flags), [CALL]: CALL_FLAG } as Flags;
}

/** The values of flags, and the arguments: some of them belong to a filter. */
export type GivenFilter = Readonly<Record<string, unknown>>;

/** True where a flag of the filter is given. */
export function hasFilterFlag(given: GivenFilter, without: readonly FilterPart["key"][]): boolean {
  const asked = FILTER_PARTS.filter(({ key }) => !without.includes(key));
  return [...asked.map(({ flag }) => flag), CALL].some((flag) => given[flag] !== undefined);
}

/**
 * @param where the arguments that are conditions on the call
 * @param otherwise ends the refusal of a state: what to do instead
 * @throws TqError "invalid", also for a state that is not allowed.
 */
export function readFilter(
  given: GivenFilter,
  where: readonly string[],
  allowed: readonly TaskState[],
  otherwise = "",
): ReadFilter {
  const texts = new Map<string, string>();
  for (const { key, flag } of FILTER_PARTS) {
    const value = given[flag];
    if (typeof value === "string") texts.set(key, value);
  }
  const call = given[CALL];
  if (typeof call === "string") addCall(call, texts, "--");
  const nameOf = ({ flag }: FilterPart) => `--${flag}`;
  const filter = readWritten({ texts, where, nameOf }, systemClock.now());
  const wrong = filter.states?.find((state) => !allowed.includes(state));
  if (wrong === undefined) return filter;
  const why = `--state cannot be ${quote(wrong)}: it must be one of ${allowed.join(", ")}${otherwise}`;
  throw new TqError("invalid", why);
}
