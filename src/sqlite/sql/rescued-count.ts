/** Counts what is put back after a death: it is rare, so each transaction writes it. */
import type { Database } from "bun:sqlite";

const COUNT_RESCUED = "UPDATE tq__total SET total = total + $count WHERE name = $name";

/** Counts what was put back; call it in the same transaction. @param workers dead ones, whose tasks these were. */
export function countRescued(db: Database, tasks: number, workers = 0): void {
  const counts = { tasks_rescued: tasks, workers_rescued: workers };
  for (const [name, count] of Object.entries(counts)) {
    if (count > 0) db.query(COUNT_RESCUED).run({ name, count });
  }
}
