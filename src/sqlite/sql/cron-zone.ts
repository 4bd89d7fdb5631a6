/** The time zone whose clock counts for recurring tasks that name none: one for all workers, so that no slot comes twice. */
import type { Database } from "bun:sqlite";
import { formerAfter } from "../../cron/former.ts";
import { timesOf } from "../../cron/in-force.ts";
import { cronRows, ZONE } from "./cron-rows.ts";

const FOUND = `
  SELECT ${ZONE} AS inForce,
         (SELECT zone FROM tq__cron_zone WHERE worker = $worker) AS own,
         EXISTS (SELECT 1 FROM tq__cron_zone
                  WHERE zone <> $zone AND worker <> $worker AND worker IN (SELECT id FROM tq__worker)) AS isContested`;

interface Found {
  readonly inForce: string | null;
  readonly own: string | null;
  readonly isContested: 0 | 1;
}

const SET = `
  INSERT INTO tq__cron_zone (worker, zone) VALUES ($worker, $zone)
  ON CONFLICT (worker) DO UPDATE SET zone = excluded.zone`;

const KEEP_FORMER = "UPDATE tq__cron SET former = $former WHERE name = $name";

/** The zone in force, where `useZone` would change nothing; null: it would. */
export function settledZone(db: Database, worker: string, zone: string): string | null {
  const { inForce, own, isContested } = find(db, worker, zone);
  const isSettled = own === zone && (inForce === zone || isContested === 1);
  return isSettled ? inForce : null;
}

/** Puts the zone of a worker in force, unless a live worker has another one. @returns the one in force */
export function useZone(db: Database, worker: string, zone: string, now: number): string {
  const { inForce, isContested } = find(db, worker, zone);
  db.query(SET).run({ worker, zone });
  if (inForce !== null && (inForce === zone || isContested === 1)) return inForce;
  for (const row of cronRows(db)) {
    const former = formerAfter(row.former, timesOf(row), timesOf({ ...row, zone }), now);
    if (inForce !== null && former !== row.former) {
      db.query(KEEP_FORMER).run({ name: row.name, former: JSON.stringify(former) });
    }
  }
  db.query(SET).run({ worker: "", zone });
  return zone;
}

function find(db: Database, worker: string, zone: string): Found {
  return db.query(FOUND).get({ worker, zone }) as Found;
}
