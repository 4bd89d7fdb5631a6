/** The time zone whose clock counts for recurring tasks that name none: one for all workers, so that no slot comes twice. */
import { formerAfter } from "../../cron/former.ts";
import { timesOf } from "../../cron/in-force.ts";
import type { Connection } from "../connection.ts";
import { lock } from "../locks.ts";
import { cronRows, lockCrons, ZONE } from "./cron-rows.ts";

const FOUND = `
  SELECT ${ZONE} AS "inForce",
         (SELECT zone FROM tq.cron_zone WHERE worker = $1::text) AS own,
         EXISTS (SELECT FROM tq.cron_zone
                  WHERE zone <> $2::text AND worker <> $1::text AND worker IN (SELECT id FROM tq.worker)) AS "isContested"`;

interface Found {
  readonly inForce: string | null;
  readonly own: string | null;
  readonly isContested: boolean;
}

const NOTHING: Found = { inForce: null, own: null, isContested: false };

const SET = `
  INSERT INTO tq.cron_zone (worker, zone) VALUES ($1::text, $2::text)
  ON CONFLICT (worker) DO UPDATE SET zone = excluded.zone`;

const KEEP_FORMER = "UPDATE tq.cron SET former = $2::text WHERE name = $1::text";

/** The zone in force, where `useZone` would change nothing; null: it would. */
export async function settledZone(
  db: Connection,
  worker: string,
  zone: string,
): Promise<string | null> {
  const { inForce, own, isContested } = await find(db, worker, zone);
  const isSettled = own === zone && (inForce === zone || isContested);
  return isSettled ? inForce : null;
}

/** Puts the zone of a worker in force, unless a live worker has another one. @returns the one in force */
export async function useZone(
  db: Connection,
  worker: string,
  zone: string,
  now: number,
): Promise<string> {
  await lock(db, "definitions");
  const { inForce, isContested } = await find(db, worker, zone);
  await db.run(SET, [worker, zone]);
  if (inForce !== null && (inForce === zone || isContested)) return inForce;
  await lockCrons(db);
  for (const row of await cronRows(db)) {
    const former = formerAfter(row.former, timesOf(row), timesOf({ ...row, zone }), now);
    if (inForce !== null && former !== row.former) {
      await db.run(KEEP_FORMER, [row.name, JSON.stringify(former)]);
    }
  }
  await db.run(SET, ["", zone]);
  return zone;
}

async function find(db: Connection, worker: string, zone: string): Promise<Found> {
  return (await db.get<Found>(FOUND, [worker, zone])) ?? NOTHING;
}
