/** The definition that is in force: what its source says, and what the database says instead. */
import { decode } from "../values/decoding.ts";
import { type CronDefinition, readCron } from "./definition.ts";
import type { CronRow } from "./ledger.ts";

/** @throws TqError "invalid" where this tq cannot read it, as a newer one has written it. */
export function definitionInForce({
  name,
  definition,
  override,
}: Pick<CronRow, "name" | "definition" | "override">): CronDefinition {
  const { pause: _, ...times } = override;
  const where = `The recurring task ${name}`;
  return readCron(name, { ...(decode(definition, where) as object), ...times }, where);
}
