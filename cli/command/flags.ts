/** What a command takes on its line: the flags, and the positional arguments in their order. */
import { SETTINGS } from "../../src/settings/table.ts";
import type { SettingKey } from "../../src/settings/table.ts";
import { presetWords, type Row } from "../../src/push/task-options.ts";

/** Shaped as citty has it, and a little more. */
export interface Flag {
  readonly type: "string" | "boolean" | "positional";
  readonly description: string;
  /** Another name; one letter is written with one dash. */
  readonly alias?: string;
  /** What stands for the value in the help. */
  readonly valueHint?: string;
  /** May be given again; the values are joined by commas. */
  readonly multiple?: boolean;
  /** What the flag means when it stands alone; another value then needs its `=`. */
  readonly bare?: string;
  /** The setting that the flag sets. */
  readonly setting?: SettingKey;
  /** Of a positional argument: false when it may be missing. */
  readonly required?: boolean;
}

export type Flags = Readonly<Record<string, Flag>>;

/** The values of these flags; `_` has all positional arguments. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends { type: "boolean" }
    ? boolean | undefined
    : F[K] extends { type: "positional"; required?: true }
      ? string
      : string | undefined;
} & { readonly _: readonly string[] };

type More = Pick<Flag, "alias" | "valueHint" | "multiple">;

/** A flag for a setting: the setting's own words are its help. */
export function settingFlag<const M extends More>(key: SettingKey, more: M) {
  const { description, default: preset } = SETTINGS.get(key) ?? {
    description: "",
    default: "",
  };
  const words = `${description} (default: ${preset})`;
  return { type: "string", description: words, setting: key, ...more } as const;
}

/** A flag for what a push says: the row's own words are its help. */
export function rowFlag({ help, preset, hint, alias }: Row & Pick<Flag, "alias">) {
  const words = preset === null ? help : `${help} (default: ${presetWords(preset)})`;
  return {
    type: "string",
    description: words,
    ...(hint === undefined ? {} : { valueHint: hint }),
    ...(alias === undefined ? {} : { alias }),
  } as const;
}

/** The flags that every command has, before or after its name. */
export const COMMON = {
  config: {
    type: "string",
    alias: "c",
    valueHint: "FILE",
    description: "The settings file (default: tq.toml, if there is one)",
  },
  database: settingFlag("database.path", { alias: "d", valueHint: "FILE" }),
  models: settingFlag("models", { valueHint: "FILE" }),
  json: { type: "boolean", description: "Print JSON: an array for lists, an object for one" },
  verbose: {
    type: "boolean",
    alias: "v",
    description: "Say more: every event in the log, the stack of an error",
  },
  quiet: { type: "boolean", alias: "q", description: "Say less: only errors" },
  help: { type: "boolean", alias: "h", description: "Print the help of the command" },
  version: { type: "boolean", description: "Print the version" },
} as const satisfies Flags;
