/** The definition of a recurring task that is in force: that of its source, with what the database says instead. */
import { decode } from "../values/decoding.ts";
import { type CronDefinition, readCron } from "./definition.ts";
import { type Times, withFormer } from "./former.ts";
import { readSchedule } from "./schedule.ts";
import type { CronOverride, CronPause, CronRow } from "./ledger.ts";

/** @throws TqError "invalid" where this tq cannot read it, as a newer one has written it. */
export function definitionOf({
  name,
  definition,
  override,
  former,
  zone,
}: Pick<CronRow, "name" | "definition" | "override" | "former" | "zone">): CronDefinition {
  const said = { ...saidBySource({ name, definition }), ...editedKeys(override) };
  const read = readCron(name, said, `The recurring task ${name}`);
  const { text } = read.schedule;
  const own =
    read.timeZone === null && zone !== null ? readSchedule(text, zone, name) : read.schedule;
  return { ...read, schedule: withFormer(own, former) };
}

/** When it comes; null where this tq cannot read that. */
export function timesOf(
  row: Pick<CronRow, "name" | "definition" | "override" | "zone">,
): Times | null {
  try {
    const { schedule, timeZone } = definitionOf({ ...row, former: [] });
    return { schedule: schedule.text, zone: timeZone ?? row.zone };
  } catch {
    return null;
  }
}

/** The keys of tq.toml as its source says them. */
export function saidBySource({
  name,
  definition,
}: Pick<CronRow, "name" | "definition">): Readonly<Record<string, unknown>> {
  return decode(definition, `The recurring task ${name}`) as Record<string, unknown>;
}

/** The same keys where the database says otherwise. */
export function editedKeys(override: CronOverride): Readonly<Record<string, unknown>> {
  const { pause: _, ...keys } = override;
  return keys;
}

/** The pause that holds it back now; null: none, or one that has ended. */
export function pauseAt(
  { override: { pause } }: Pick<CronRow, "override">,
  now: number,
): CronPause | null {
  if (pause === undefined) return null;
  return pause.until === null || pause.until > now ? pause : null;
}
