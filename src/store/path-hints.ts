/** Finds text that the JSON of a value must have: a look for that is quicker than reading the JSON. */
import type { PathCondition } from "./looking.ts";

/** It may stand escaped, too. */
export function hintsOf(condition: PathCondition): string[] {
  return [...keyHints(condition.path), ...valueHints(condition)];
}

function keyHints(path: PathCondition["path"]): string[] {
  const key = path.findLast((part) => typeof part === "string");
  return key === undefined ? [] : [key];
}

/** Text that the JSON of a value has, unless it is escaped; none where the values have none in common. */
function valueHints({ isOneOf = [] }: PathCondition): string[] {
  const texts = new Set(
    isOneOf.map((json) => (json.startsWith('"') ? json.slice(1, -1) : digits(json))),
  );
  const [first] = texts;
  return texts.size === 1 && first !== undefined && first !== "" ? [first] : [];
}

/** The digits with which a number begins that is written without an exponent: 4.70 begins as 4.7 does. */
function digits(json: string): string {
  if (/^[tfn]/.test(json)) return json;
  return String(Number(json)) === json ? json : "";
}

export function isNumber({ isOneOf = [] }: PathCondition): boolean {
  return isOneOf.some((json) => /^[-\d]/.test(json));
}
