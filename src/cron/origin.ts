/** Where a recurring task is defined, in words. */
import { type CronRow, DATABASE_ORIGIN, ENVIRONMENT_ORIGIN, TQ_ORIGIN } from "./ledger.ts";
import { BACKUP } from "./own.ts";
import { didYouMean } from "../suggest.ts";

/** `shop-1:/shop/tq.toml` where hosts share a database: a path says nothing of another host's file. */
export function originOf(path: string, host: string | null): string {
  return host === null ? path : `${host}:${path}`;
}

/** The host is null where the database is a file. A drive of Windows is no host. */
export function placeOf(origin: string): { readonly host: string | null; readonly path: string } {
  const [, host, path] = /^([^/\\:]+):(\/.*|[A-Za-z]:\\.*)$/.exec(origin) ?? [];
  return host === undefined || path === undefined ? { host: null, path: origin } : { host, path };
}

/** True for files of one path, be it on two hosts. */
export function haveOnePath(one: string, other: string): boolean {
  return placeOf(one).path === placeOf(other).path;
}

/** The advice where hosts say different things. `tq doctor` and the log of a worker say the same. */
export const SAME_EVERYWHERE = "give all hosts the same tq.toml, and start their workers anew";

type Defined = Pick<CronRow, "name" | "origin" | "removedAt">;

/** `the section [cron.nightly] of /shop/tq.toml`, `/shop/models.ts`, `the database`. */
export function originWords({ name, origin }: Pick<Defined, "name" | "origin">): string {
  if (origin === DATABASE_ORIGIN) return "the database";
  if (origin === TQ_ORIGIN) return "tq itself";
  if (origin === ENVIRONMENT_ORIGIN) return "the environment, or the options of a program";
  const { host, path } = placeOf(origin);
  const file = host === null ? path : `${path} on ${host}`;
  if (name === BACKUP) return `[backup] of ${file}`;
  return path.endsWith(".toml") ? `the section [cron.${name}] of ${file}` : file;
}

/** Refuses to add one whose name is taken. */
export function takenWords(row: Defined): string {
  const { name, origin } = row;
  const refusal = `Cannot add ${name}: the name is taken`;
  if (origin === DATABASE_ORIGIN) {
    return `${refusal}; tq cron edit ${name} changes it, and tq cron remove ${name} makes way for another`;
  }
  return `${refusal} by ${originWords(row)}: change it there, or with tq cron edit ${name}`;
}

/** Refuses to remove one that its file has; null where it can be removed. */
export function unremovableWords(row: Defined): string | null {
  const { name, origin, removedAt } = row;
  if (origin === DATABASE_ORIGIN || removedAt !== null) return null;
  if (origin === TQ_ORIGIN) {
    return `Cannot remove ${name}: it is tq's own; pause it with tq cron pause ${name}`;
  }
  return `Cannot remove ${name}: it is defined in ${originWords(row)}; remove it there, or pause it with tq cron pause ${name}`;
}

/** True where the file is one of another host, which has no worker: that host may be gone for good. */
export function isLeftBehind(
  { origin, held }: Pick<CronRow, "origin" | "held">,
  here: string,
): boolean {
  const { host } = placeOf(origin);
  return !held && host !== null && host !== here;
}

/** @param names of those there are */
export function unknownCronWords(name: string, names: readonly string[]): string {
  const hint = didYouMean(name, names) || "; tq cron list shows them";
  return `There is no recurring task ${JSON.stringify(name)}${hint}`;
}
