/** @jsxImportSource hono/jsx */
/** The zone of the times that a person types: that of the browser, by which all times of a page are shown. */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { localZoneName } from "../../values/moment.ts";
import { zoneNamed } from "../../values/time-zone.ts";
import { WORDS } from "./words.ts";

/** page.js keeps it. */
const COOKIE = "tq_zone";

/** undefined: the browser has no JavaScript, or a zone that is not known here, and the zone of the server counts. */
export function zoneOf(c: Context): string | undefined {
  return known(getCookie(c, COOKIE));
}

/** The zone that the form said beside its times, whatever the browser says by now. */
export function zoneOfForm({ zone }: Readonly<Record<string, string>>): string | undefined {
  return known(zone);
}

function known(name: string | undefined): string | undefined {
  return (name !== undefined && zoneNamed(name)) || undefined;
}

interface ZoneProps {
  readonly zone: string | undefined;
}

/** Says by which clock times count that are typed. */
export function ZoneWords({ zone }: ZoneProps) {
  const { yours, servers } = WORDS.zone;
  return (
    <span class="small">
      {zone === undefined ? servers(localZoneName() ?? "UTC") : yours(zone)}
    </span>
  );
}

/** As above for the time that is typed beside it, and sends the zone back. */
export function ZoneNote({ zone }: ZoneProps) {
  return (
    <>
      <ZoneWords zone={zone} />
      {zone !== undefined && <input type="hidden" name="zone" value={zone} />}
    </>
  );
}
