/** The flags and arguments that select tasks. */
import { systemClock } from "../../src/clock.ts";
import { TqError } from "../../src/errors.ts";
import { quote } from "../../src/quote.ts";
import type { ReadFilter } from "../../src/store/looking.ts";
import { FUNCTION_METHOD, type TaskState } from "../../src/task.ts";
import { FILTER_PARTS, type FilterPart, readWritten } from "../../src/tasks/filter.ts";
import type { Flag, Flags } from "./flags.ts";

/** A call as the lists show it, which stands for two parts of a filter. */
const CALL_FLAG = {
  type: "string",
  valueHint: "CALL",
  description: "Only tasks of this call, as the list shows it: sale.process, or a function's name",
} as const;

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
  return { ...Object.fromEntries(flags), call: CALL_FLAG } as Flags;
}

/** The values of flags, and the arguments: some of them belong to a filter. */
export type GivenFilter = Readonly<Record<string, unknown>>;

/** True where a flag of the filter is given. */
export function hasFilterFlag(given: GivenFilter, without: readonly FilterPart["key"][]): boolean {
  const asked = FILTER_PARTS.filter(({ key }) => !without.includes(key));
  return [...asked.map(({ flag }) => flag), "call"].some((flag) => given[flag] !== undefined);
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
  if (typeof given["call"] === "string") addCall(given["call"], texts);
  const nameOf = ({ flag }: FilterPart) => `--${flag}`;
  const filter = readWritten({ texts, where, nameOf }, systemClock.now());
  const wrong = filter.states?.find((state) => !allowed.includes(state));
  if (wrong === undefined) return filter;
  const why = `--state cannot be ${quote(wrong)}: it must be one of ${allowed.join(", ")}${otherwise}`;
  throw new TqError("invalid", why);
}

/** A name of a model may have dots, and that of a method has none. */
function addCall(call: string, texts: Map<string, string>): void {
  if (texts.has("model") || texts.has("method")) {
    throw new TqError(
      "invalid",
      "--call says the model and the method: leave out --model and --method",
    );
  }
  const dot = call.lastIndexOf(".");
  if (dot === -1) {
    texts.set("model", call);
    texts.set("method", FUNCTION_METHOD);
    return;
  }
  const [model, method] = [call.slice(0, dot), call.slice(dot + 1)];
  if (model === "" || method === "") {
    const why = "it must be a call as tq list shows it: sale.process, or the name of a function";
    throw new TqError("invalid", `--call cannot be ${quote(call)}: ${why}`);
  }
  texts.set("model", model);
  texts.set("method", method);
}
