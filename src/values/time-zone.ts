/** The zone that the variable TZ names. Bun knows the names of zones, and takes all else for UTC in silence. */
import { realpathSync } from "node:fs";
import { isAbsolute } from "node:path";

/**
 * The name of the zone in the forms that TZ has elsewhere: `Europe/Berlin`, `:Europe/Berlin`, the path of its file.
 *
 * @returns "" where TZ names none; null where the zone is not known.
 */
export function zoneNamed(TZ = ""): string | null {
  const name = behindLinks(TZ.replace(/^:/, "")).replace(/^.*\/zoneinfo\/(?:posix\/)?/, "");
  return name === "" || isZone(name) ? name : null;
}

/** TZ may name a link to the file of a zone, as /etc/localtime is. */
function behindLinks(zone: string): string {
  try {
    return isAbsolute(zone) ? realpathSync(zone) : zone;
  } catch {
    return zone; // there is no such file
  }
}

/** An offset like +02:00 is none: Intl takes it, and Bun.cron and TZ do not. */
function isZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
}

/** The offset of a time that comes twice by the clock of its zone, as that is set back: `+02:00`. Null: it comes once. */
export function offsetOfTwice(ms: number, zone: string): string | null {
  const time = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  const local = time.toPlainDateTime();
  const [earlier, later] = (["earlier", "later"] as const).map(
    (disambiguation) => local.toZonedDateTime(zone, { disambiguation }).epochMilliseconds,
  );
  return earlier === later ? null : time.offset;
}
