/** Looks whether claims are still held. */
import type { Claim } from "../../task.ts";
import type { Connection } from "../connection.ts";
import { elements } from "./planned.ts";

const HELD = `
  SELECT id::float8 AS id, claim
    FROM tq.task
   WHERE id = ANY (${elements("$1::bigint[]")}) AND worker IS NOT NULL
   ORDER BY task.id`;

/** In the order of the ids, as all that locks many tasks: two that lock the same ones then wait, and do not deadlock. */
const HOLD = `${HELD}
     FOR NO KEY UPDATE`;

/**
 * The claims among these, of different tasks, that are lost.
 *
 * @param holds true: the others stay held until the transaction ends, and a cancel waits for that.
 */
export async function lostClaims(
  db: Connection,
  claims: readonly Claim[],
  holds: boolean,
): Promise<readonly Claim[]> {
  const rows = await db.all<Claim>(holds ? HOLD : HELD, [claims.map(({ id }) => id)]);
  const held = new Map(rows.map(({ id, claim }) => [id, claim]));
  return claims.filter(({ id, claim }) => held.get(id) !== claim);
}
