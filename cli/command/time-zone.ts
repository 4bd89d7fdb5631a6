/** Sets the time zone of the process anew where TZ names it in a form that Bun does not know. */
import { zoneNamed } from "../../src/values/time-zone.ts";

/** @returns a sentence where the zone is not known; null where it is, or where TZ is not set. */
export function setTimeZone(env = process.env): string | null {
  const { TZ: given } = env;
  const name = zoneNamed(given);
  if (name === null) {
    return `The time zone TZ=${JSON.stringify(given)} is not known, so that times are in UTC: set a name such as Europe/Berlin`;
  }
  // "": TZ is not set. Otherwise the name stands in for a form such as `:Europe/Berlin`, which Bun takes for UTC.
  if (name !== "" && name !== given) env["TZ"] = name;
  return null;
}
