/** Claims a task that its caller names. */
import { pausesOf } from "../../store/pauses.ts";
import type { Owner } from "../../store/session.ts";
import { type ClaimedTask, NO_INSTANCES } from "../../task.ts";
import type { Connection } from "../connection.ts";
import { CLAIM_THESE, inOrder } from "./claim.ts";
import { endPauses } from "./pauses.ts";
import { LINE_COLUMNS, type LineRow } from "./set-aside.ts";
import { settingRunning } from "./set-running.ts";

const WAITS = "state IN ('ready', 'scheduled')";

const CLAIM_ONE = settingRunning(
  `id = $4 AND ${WAITS} AND suspect < 2 AND NOT EXISTS (SELECT FROM tq.pause)`,
);

const HELD_ONE = `SELECT ${LINE_COLUMNS} FROM tq.task WHERE id = $1 AND ${WAITS} FOR NO KEY UPDATE`;

/**
 * Claims this task, due or not; null when it is neither ready nor scheduled any more, or a pause holds it.
 *
 * @param evenPaused true: no pause matters.
 */
export async function claimOne(
  db: Connection,
  id: number,
  { worker, thread }: Owner,
  now: number,
  evenPaused = false,
): Promise<ClaimedTask | null> {
  const own = [worker, thread, now];
  const [claimed] = inOrder(await db.all<ClaimedTask>(CLAIM_ONE, [...own, id]));
  if (claimed) return claimed;
  const row = await db.get<LineRow>(HELD_ONE, [id]);
  if (row === null) return null;
  if (!evenPaused) {
    const task = { ...row, instances: row.isBare ? NO_INSTANCES : [0] };
    if (pausesOf(await endPauses(db, now), task).length > 0) return null;
  }
  return inOrder(await db.all<ClaimedTask>(CLAIM_THESE, [...own, [id]]))[0] ?? null;
}
