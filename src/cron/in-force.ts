/** The definition of a recurring task that is in force: that of its source, with what the database says instead. */
import { decode } from "../values/decoding.ts";
import { type CronDefinition, readCron } from "./definition.ts";
import type { CronOverride, CronRow } from "./ledger.ts";

/** @throws TqError "invalid" where this tq cannot read it, as a newer one has written it. */
export function definitionOf({
  name,
  definition,
  override,
}: Pick<CronRow, "name" | "definition" | "override">): CronDefinition {
  const where = `The recurring task ${name}`;
  const said = decode(definition, where) as Readonly<Record<string, unknown>>;
  return readCron(name, { ...said, ...editedKeys(override) }, where);
}

/** What the database says instead, by the same keys. */
export function editedKeys(override: CronOverride): Readonly<Record<string, unknown>> {
  const { pause: _, ...keys } = override;
  return keys;
}
