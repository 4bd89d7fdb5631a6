/** The flags and, in their order, the positional arguments of a command. */
import { SETTINGS } from "../../src/settings/table.ts";
import type { SettingKey } from "../../src/settings/table.ts";

/** citty's definition of an argument, with additions. */
export interface Flag {
  readonly type: "string" | "boolean" | "positional";
  readonly description: string;
  /** Other names; a name of one letter takes one dash. */
  readonly alias?: string | string[];
  /**
   * Stands for the value in the help, and says what it may be, for the completion of shells: a kind, as FILE or QUEUE,
   * or words, as `once|skip|all`. Of a positional argument only the second one counts; by default it is the name.
   */
  readonly valueHint?: string;
  /** The user may repeat the flag; its values are joined by commas. */
  readonly multiple?: boolean;
  /** The value of the flag when it stands alone; any other value then follows a `=`. */
  readonly bare?: string;
  /** The setting that the flag sets. */
  readonly setting?: SettingKey;
  /** True for a positional argument that is the path of a file or folder: it cannot be empty, as an unset variable is. */
  readonly isPath?: boolean;
  /** False for a positional argument that may be missing. */
  readonly required?: boolean;
}

export type Flags = Readonly<Record<string, Flag>>;

/** The values of these flags; `_` holds all positional arguments. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends { type: "boolean" }
    ? boolean | undefined
    : F[K] extends { type: "positional"; required?: true }
      ? string
      : string | undefined;
} & { readonly _: readonly string[] };

type More = Pick<Flag, "alias" | "valueHint" | "multiple">;

/** The other names of a flag. */
export function aliasesOf({ alias = [] }: Pick<Flag, "alias">): readonly string[] {
  return typeof alias === "string" ? [alias] : alias;
}

/** `-n`, `--threads`; the short ones first. */
export function spellingsOf(name: string, flag: Pick<Flag, "alias">): string[] {
  const aliases = aliasesOf(flag);
  const short = aliases.filter((alias) => alias.length === 1).map((alias) => `-${alias}`);
  const long = [name, ...aliases.filter((alias) => alias.length > 1)].map((one) => `--${one}`);
  return [...short, ...long];
}

/** The text behind the name of a flag in the help: ` N`, `[=all]`, or nothing. */
export function valueWords({ type, valueHint = "VALUE", bare }: Flag): string {
  if (type === "boolean") return "";
  return bare === undefined ? ` ${valueHint}` : `[=${valueHint}]`;
}

/** A flag that sets a setting; the setting's description is its help. */
export function settingFlag<const M extends More>(key: SettingKey, more: M) {
  // Every key is in the table, which the type of a Map cannot say.
  const { description, default: preset } = SETTINGS.get(key) ?? {
    description: "",
    default: "",
  };
  const words = `${description} (setting ${key}; default: ${preset})`;
  return { type: "string", description: words, setting: key, ...more } as const;
}

/** For commands that push: they run the task themselves where this says false. */
export const WORKER_FLAG = settingFlag("queue.worker", { valueHint: "true|false" });

/** The flags of every command; they may stand before or after its name. */
export const COMMON_FLAGS = {
  config: {
    type: "string",
    alias: "c",
    valueHint: "FILE",
    description: "Settings file (default: tq.toml in the current folder, if it exists)",
  },
  database: settingFlag("database.path", { alias: "d", valueHint: "FILE|URL" }),
  models: settingFlag("models", { valueHint: "FILE" }),
  url: {
    type: "string",
    valueHint: "URL",
    description: "Work on the tq of another machine: https://box7:8989, or unix:/run/tq.sock",
  },
  "token-file": {
    type: "string",
    valueHint: "FILE",
    description: "File with a token of the tq of --url",
  },
  "insecure-url": {
    type: "boolean",
    description: "Let the token travel to a --url of http:// on another machine",
  },
  json: {
    type: "boolean",
    description: "Print JSON: an array for a list, else an object; the log and notes too",
  },
  verbose: {
    type: "boolean",
    alias: "v",
    description: "Log every event, and print the stack of an error",
  },
  quiet: { type: "boolean", alias: "q", description: "Log errors only, and print no notes" },
  help: { type: "boolean", alias: "h", description: "Print this help" },
  version: { type: "boolean", description: "Print the version of tq" },
} as const satisfies Flags;
