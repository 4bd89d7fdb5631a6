/** The time zone that TZ names: Bun knows the names of zones, and takes all else for UTC in silence. */
import { realpathSync } from "node:fs";
import { isAbsolute } from "node:path";

/** @returns a sentence where the zone is not known; null where it is, or where TZ is not set. */
export function setTimeZone(env = process.env): string | null {
  const { TZ: given = "" } = env;
  const name = behindLinks(given.replace(/^:/, "")).replace(/^.*\/zoneinfo\/(?:posix\/)?/, "");
  if (name === "" || /^(?:Etc\/)?UTC$/.test(name)) return null;
  if (!isZone(name)) {
    return `The time zone TZ=${JSON.stringify(given)} is not known, so that times are in UTC: set a name such as Europe/Berlin`;
  }
  if (name !== given) env["TZ"] = name;
  return null;
}

/** Another program's /etc/localtime is a link to the file of its zone. */
function behindLinks(zone: string): string {
  try {
    return isAbsolute(zone) ? realpathSync(zone) : zone;
  } catch {
    return zone; // there is no such file
  }
}

function isZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
}
