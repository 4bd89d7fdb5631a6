/**
 * The kinds of settings. Each says its default, bounds and words as plain data; its schema is built
 * when a value is checked, since building all of them takes longer than the rest of the start.
 */
import * as v from "valibot";
import { readSchedule } from "../cron/schedule.ts";
import { markFault } from "../redaction/marks.ts";
import { databaseUrlFault } from "../values/database-url.ts";
import { HOUR_MS, parseDuration, SECOND_MS } from "../values/duration.ts";

export interface Kind<T> {
  readonly kind:
    | "boolean"
    | "number"
    | "duration"
    | "choice"
    | "list"
    | "path"
    | "address"
    | "command"
    | "url"
    | "database"
    | "schedule";
  readonly description: string;
  readonly preset: T;
  /** The default, in words or as a user would write it. */
  readonly default: string;
  /** Completes "it must be …". */
  readonly allowed: string;
  /** Says what is wrong with a written value, in place of `allowed`. */
  readonly fault?: (written: unknown) => string | null;
  /** Checks a written value, and gives the value it stands for. */
  readonly schema: () => v.GenericSchema<unknown, T>;
  /** The words to choose from. */
  readonly options?: readonly string[];
  /** The flag of the command line, where there is one. */
  readonly flag?: string;
}

type More = Partial<Pick<Kind<unknown>, "default" | "flag">>;

export function boolean(preset: boolean, description: string, more?: More): Kind<boolean> {
  const allowed = "true or false";
  const options = ["true", "false"];
  const schema = () => v.boolean();
  return {
    kind: "boolean",
    description,
    preset,
    default: String(preset),
    allowed,
    options,
    schema,
    ...more,
  };
}

/** A whole number. */
export function whole(
  preset: number,
  [min, max]: readonly [min: number, max: number],
  description: string,
  more?: More,
): Kind<number> {
  const allowed = `a whole number from ${min} to ${max}`;
  const schema = () => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
  return { kind: "number", description, preset, default: String(preset), allowed, schema, ...more };
}

/** A duration, written as text with a unit; the value is milliseconds. */
export function duration(
  preset: number,
  [min, max]: readonly [min: number, max: number],
  description: string,
  more?: More,
): Kind<number> {
  const allowed = `a duration with its unit from "${short(min)}" to "${short(max)}", such as "${short(preset)}"`;
  const schema = () =>
    v.pipe(v.string(), v.transform(milliseconds), v.number(), v.minValue(min), v.maxValue(max));
  const written = short(preset);
  return { kind: "duration", description, preset, default: written, allowed, schema, ...more };
}

function short(ms: number): string {
  return ms % HOUR_MS === 0 && ms > 0 ? `${ms / HOUR_MS}h` : `${ms / SECOND_MS}s`;
}

function milliseconds(text: string): number {
  try {
    return parseDuration(text, "duration");
  } catch {
    return Number.NaN; // which every schema of numbers refuses
  }
}

export function choice<const T extends string>(
  preset: NoInfer<T>,
  options: readonly T[],
  description: string,
): Kind<T> {
  const allowed = options.map((option) => `"${option}"`).join(" or ");
  const schema = () => v.picklist(options);
  return { kind: "choice", description, preset, default: preset, allowed, options, schema };
}

/** A list of names, empty by default. */
export function names(
  description: string,
  { least = 0, ...more }: More & { default: string; allowed?: string; least?: number },
): Kind<readonly string[]> {
  const allowed = 'a list of names or patterns, such as ["mail", "pdf*"]';
  const schema = () =>
    v.pipe(v.array(v.pipe(v.string(), v.trim(), v.nonEmpty())), v.minLength(least));
  return { kind: "list", description, preset: [], allowed, schema, ...more };
}

/** A list of names of fields, and of paths to them. */
export function fieldNames(description: string): Kind<readonly string[]> {
  const allowed = 'a list of names of fields, such as ["password", "card.number"]';
  const isMark = (text: string) => markFault(text) === null;
  const schema = () => v.array(v.pipe(v.string(), v.trim(), v.check(isMark)));
  return { kind: "list", description, preset: [], default: "none", allowed, schema };
}

/** A path as written; `draft.ts` makes it absolute. */
export function path<T extends string | null>(
  preset: T,
  description: string,
  more: More & { default: string; allowed?: string },
): Kind<T | string> {
  const allowed = "the path of a file on disk";
  const isOnDisk = (text: string) => !/^$|^:memory:|^file:|\0/.test(text);
  const schema = () => v.pipe(v.string(), v.check(isOnDisk));
  return { kind: "path", description, preset, allowed, schema, ...more };
}

/** `HOST:PORT`, an IPv6 host in brackets, or `unix:PATH`. */
export function address(preset: string, description: string, more?: More): Kind<string> {
  const allowed = 'HOST:PORT, such as "127.0.0.1:8989" or "[::1]:8989", or "unix:/run/tq.sock"';
  const isAddress = (text: string) => (splitAddress(text) ?? socketPath(text)) !== null;
  const schema = () => v.pipe(v.string(), v.check(isAddress));
  return { kind: "address", description, preset, default: preset, allowed, schema, ...more };
}

/** A text for the system's shell, or a program and its arguments; null: none. */
export function command(description: string): Kind<string | readonly string[] | null> {
  const allowed =
    'a command as text, or a list of a program and its arguments, such as ["mail", "-s", "tq"]';
  const word = () =>
    v.pipe(
      v.string(),
      v.check((text) => text.trim() !== "" && !text.includes("\0")),
    );
  const schema = () => v.union([word(), v.pipe(v.array(word()), v.minLength(1))]);
  return { kind: "command", description, preset: null, default: "none", allowed, schema };
}

/** When a recurring task of tq's own comes, as in a section of tq.toml. */
export function schedule(preset: string, description: string): Kind<string> {
  const allowed = 'a schedule like "30 2 * * *", "@daily" or "every 15m"';
  const schema = () => v.pipe(v.string(), v.check(isSchedule));
  return { kind: "schedule", description, preset, default: preset, allowed, schema };
}

function isSchedule(text: string): boolean {
  try {
    readSchedule(text, null, "schedule");
    return true;
  } catch {
    return false;
  }
}

/** A web address, which may hold secrets; null: none. */
export function url(description: string): Kind<string | null> {
  const allowed = 'a URL that begins with "https://" or "http://"';
  const schema = () => v.pipe(v.string(), v.check(isWebAddress));
  return { kind: "url", description, preset: null, default: "none", allowed, schema };
}

/** The URL of a database, which may hold a password; null: none. */
export function databaseUrl(description: string, more: More): Kind<string | null> {
  const allowed = "postgresql://USER@HOST/DATABASE";
  const fault = (written: unknown) =>
    typeof written === "string" ? databaseUrlFault(written) : `it must be ${allowed}`;
  const schema = () =>
    v.pipe(
      v.string(),
      v.check((text) => databaseUrlFault(text) === null),
    );
  return {
    kind: "database",
    description,
    preset: null,
    default: "none",
    allowed,
    fault,
    schema,
    ...more,
  };
}

function isWebAddress(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}

/** A URL for people to read. The path of a webhook is a secret, as its user, password and query are. */
export function shownUrl(text: string): string {
  const { origin = "", pathname = "/", search = "" } = URL.parse(text) ?? {};
  return pathname === "/" && search === "" ? origin : `${origin}/…`;
}

/** The path of `unix:PATH`; null for any other text. */
export function socketPath(text: string): string | null {
  return /^unix:([^\0]+)$/.exec(text)?.[1] ?? null;
}

/** The parts of `HOST:PORT`, an IPv6 host without its brackets; null for any other text. */
export function splitAddress(text: string): { hostname: string; port: number } | null {
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/i.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return hostname !== undefined && port <= 65_535 ? { hostname, port } : null;
}
