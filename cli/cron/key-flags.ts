/** The flags of recurring tasks: the name of one, and a flag for each key, from the table of keys. */
import { KEY_ROWS, type KeyRow } from "../../src/cron/key-help.ts";
import type { Flag, Flags } from "../command/flags.ts";

export const NAME_FLAG = {
  type: "positional",
  valueHint: "RECURRING",
  description: "The name of a recurring task",
} as const;

/** A flag has dashes where tq.toml has underscores: `--time-zone`. */
function flagOf({ field }: KeyRow): string {
  return field.replaceAll("_", "-");
}

export const keyFlags: Flags = Object.fromEntries(KEY_ROWS.map((row) => [flagOf(row), flag(row)]));

function flag({ help, hint, preset }: KeyRow): Flag {
  const isClear = preset === null || help.includes("; none: ");
  const description = isClear ? help : `${help} (default: ${preset})`;
  return { type: "string", description, valueHint: hint };
}

/** The values of the flags, by the keys of tq.toml; `readCron` checks the values. */
export function readKeys(values: object): Readonly<Record<string, unknown>> {
  const said: Record<string, unknown> = {};
  for (const row of KEY_ROWS) {
    const text: unknown = Reflect.get(values, flagOf(row));
    if (typeof text === "string") said[row.field] = valueOf(text, row);
  }
  return said;
}

/** The value that a text writes; what is none stays text, which the sentence of the key refuses. */
function valueOf(text: string, { form, field }: KeyRow): unknown {
  if (form === undefined) return text;
  if (form === "number") return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (field === "instances" && /^-?\d+(?:,-?\d+)*$/.test(text)) {
    const ids = text.split(",").map(Number);
    return ids.length === 1 ? ids[0] : ids;
  }
  if (field === "backoff" && text.includes(",") && !text.startsWith("[")) {
    return text.split(",").map((part) => part.trim());
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
