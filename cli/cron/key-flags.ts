/** A flag for each key of a recurring task, from the table of keys. */
import { KEY_HELP, type KeyHelp } from "../../src/cron/key-help.ts";
import { fieldOf } from "../../src/policies/table.ts";
import type { Flags } from "../command/flags.ts";

interface KeyFlag extends KeyHelp {
  /** As in tq.toml: `time_zone`. */
  readonly field: string;
  /** `time-zone` */
  readonly flag: string;
}

const KEY_FLAGS: readonly KeyFlag[] = Object.entries<KeyHelp>(KEY_HELP).map(([key, row]) => {
  const field = fieldOf(key);
  return { ...row, field, flag: field.replaceAll("_", "-") };
});

export const keyFlags: Flags = Object.fromEntries(
  KEY_FLAGS.map(({ flag, help, hint }) => [
    flag,
    { type: "string", description: help, valueHint: hint } as const,
  ]),
);

/** What the flags say, by the keys of tq.toml; `readCron` checks the values. */
export function readKeys(values: object): Readonly<Record<string, unknown>> {
  const said: Record<string, unknown> = {};
  for (const row of KEY_FLAGS) {
    const text: unknown = Reflect.get(values, row.flag);
    if (typeof text === "string") said[row.field] = valueOf(text, row);
  }
  return said;
}

/** The value that a text writes; what is none stays text, which the sentence of the key refuses. */
function valueOf(text: string, { form, field }: KeyHelp & { readonly field: string }): unknown {
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

/** How the command line writes a key of tq.toml: `--time-zone`. */
export function flagOf(key: string): string {
  return `--${fieldOf(key).replaceAll("_", "-")}`;
}
