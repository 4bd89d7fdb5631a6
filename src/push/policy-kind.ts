/** A policy as an option of a push: it is stored with the task, so it cannot be a function. */
import { TqError } from "../errors.ts";
import type { PolicyRow } from "../policies/table.ts";
import type { JsonForm, Kind } from "../values/option-kinds.ts";

export function policyKind<Value>(
  { allowed, preset, read }: PolicyRow<Value>,
  json: JsonForm,
): Kind<Value> {
  const readStored = (value: unknown, name: string) => {
    if (typeof value !== "function") return read(value, name);
    throw new TqError(
      "invalid",
      `${name} cannot be a function: a push is stored; say it in the policy of the model`,
    );
  };
  return {
    json,
    allowed,
    read: readStored,
    readJson: readStored,
    readText: (text, name) => {
      const value = fromText(text, typeof preset === "number");
      readStored(value, name);
      return value;
    },
  };
}

/** A flag may hold a number, JSON, or a list: `5`, `["10s", "1m"]`, `10s,1m`. */
function fromText(text: string, isNumber: boolean): unknown {
  if (isNumber && /^\d+$/.test(text)) return Number(text);
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text; // the policy's sentence says what it must be
    }
  }
  return text.includes(",") ? text.split(",").map((part) => part.trim()) : text;
}
