/** The totals of runs since the beginning: what the rows of minutes and hours add up to is lost when old ones are deleted. */
import type { Database } from "bun:sqlite";
import { OTHERS, othersOf, type Series } from "../../statistics/counts.ts";
import { MOST_SERIES, MOST_WITH_OTHERS, TOTAL } from "../../store/statistics-rows.ts";

const OF_TOTALS = `FROM tq__statistic WHERE span = ${TOTAL.span} AND at = ${TOTAL.at}`;
const HAS = `SELECT 1 ${OF_TOTALS} AND queue = $queue AND model = $model AND method = $method`;
const COUNT = `SELECT count(*) AS count ${OF_TOTALS}`;

/** The series whose totals have the runs of this one: it stays the same, so that no total ever falls. */
export function totalSeries(db: Database, { queue, model, method }: Series): Series {
  const own = { queue, model, method };
  if (has(db, own)) return own;
  const { count } = db.query(COUNT).get() as { count: number };
  if (count < MOST_SERIES) return own;
  const others = othersOf(queue);
  return count < MOST_WITH_OTHERS || has(db, others) ? others : othersOf(OTHERS);
}

function has(db: Database, series: Series): boolean {
  return db.query(HAS).get({ ...series }) !== null;
}
