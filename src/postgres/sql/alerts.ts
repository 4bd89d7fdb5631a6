/** Decides which worker tells of failures, in which way, up to which one. */
import {
  type AlertDefinition,
  type AlertKey,
  type AlertTake,
  MOST_KEPT,
  type TakenAlert,
  type UntoldFailure,
  waitForAlert,
} from "../../store/failure-store.ts";
import type { Connection } from "../connection.ts";
import { lock } from "../locks.ts";
import { askedDefinitions } from "./asked.ts";
import { countPassedOver, noteEarlier } from "./earlier-failures.ts";
import { countNoted } from "./noted-failures.ts";
import { namesLike } from "./patterns.ts";

/** The definition whose place a new one takes: of the same file and the same kind. */
const FORMER = `
  SELECT channel FROM tq.alert_origin
   WHERE origin = $1::text AND starts_with(channel, $2::text) AND channel <> $3::text
   LIMIT 1`;

const ADD = `
  INSERT INTO tq.alert (channel, queues, tasks, since) VALUES ($1::text, $2::text[], $3::text[], $4::bigint)
  ON CONFLICT (channel) DO NOTHING`;

/** Forgets notes of transactions that were under way when an alert of this name was dropped. */
const FORGET_NOTED = "DELETE FROM tq.noted_failure WHERE channel = $1::text";

/** The former one stays as it is: another file may still ask for it. */
const GO_ON = `
  UPDATE tq.alert AS alert
     SET since = former.since, noted = former.noted, told_until = former.told_until, taken_until = former.taken_until
    FROM tq.alert AS former WHERE alert.channel = $1::text AND former.channel = $2::text`;

const COPY = `
  INSERT INTO tq.untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT $1::text, number, task, call, queue, reason, attempts, failed_at
    FROM tq.untold WHERE channel = $2::text`;

const ASKED = askedDefinitions({
  definitions: "tq.alert",
  rows: ["tq.untold", "tq.noted_failure"],
  key: "channel",
});

/** Makes these the alerts that a file asks for. @returns false where they are already */
export async function watchFailures(
  db: Connection,
  origin: string,
  definitions: readonly AlertDefinition[],
  now: number,
): Promise<boolean> {
  await lock(db, "definitions");
  if (!(await isNewlyWatched(db, origin, definitions))) return false;
  for (const definition of definitions) await addDefinition(db, origin, definition, now);
  await ASKED.keepOnly(db, origin, definitions.map(keyOf));
  return true;
}

function keyOf({ key }: AlertDefinition): string {
  return key;
}

async function addDefinition(
  db: Connection,
  origin: string,
  definition: AlertDefinition,
  now: number,
): Promise<void> {
  const channel = definition.key;
  const { queues, tasks } = patternsOf(definition);
  if ((await db.run(ADD, [channel, queues, tasks, now])) > 0) {
    await db.run(FORGET_NOTED, [channel]);
    const former = await formerOf(db, origin, channel);
    if (former !== null) {
      await countNoted(db, [former]);
      await db.run(GO_ON, [channel, former]);
      await db.run(COPY, [channel, former]);
      await noteEarlier(db, { channel, former, queues, tasks, now });
    }
  }
  await ASKED.ask(db, origin, channel);
}

const IS_KNOWN = "SELECT FROM tq.alert WHERE channel = $1::text";

/**
 * Call it before `watchFailures`.
 *
 * @returns how many failed tasks these definitions want that those did not whose place they take, and do not tell of, as
 * they failed too long ago.
 */
export async function countAllPassedOver(
  db: Connection,
  origin: string,
  definitions: readonly AlertDefinition[],
  now: number,
): Promise<number> {
  let most = 0;
  for (const definition of definitions) {
    const channel = definition.key;
    if ((await db.get(IS_KNOWN, [channel])) !== null) continue;
    const former = await formerOf(db, origin, channel);
    if (former === null) continue;
    most = Math.max(most, await countPassedOver(db, { ...patternsOf(definition), former, now }));
  }
  return most;
}

async function formerOf(db: Connection, origin: string, channel: AlertKey): Promise<string | null> {
  const [kind = ""] = channel.split(" ");
  const row = await db.get<{ readonly channel: string }>(FORMER, [origin, kind, channel]);
  return row && row.channel;
}

function patternsOf({ queues, tasks }: AlertDefinition) {
  return { queues: queues.map(namesLike), tasks: tasks.map(namesLike) };
}

/** True where `watchFailures` would change something. */
export function isNewlyWatched(
  db: Connection,
  origin: string,
  definitions: readonly AlertDefinition[],
): Promise<boolean> {
  return ASKED.isNew(db, origin, definitions.map(keyOf));
}

interface AlertRow {
  readonly untold: number;
  readonly until: number;
  readonly sentAt: number | null;
  /** Another worker that is registered tells now. A dead one is not registered any more once it is rescued. */
  readonly isTaken: boolean;
  /** Failures were noted that are not counted yet. */
  readonly hasNoted: boolean;
}

const ROW = `
  SELECT (noted - told_until)::float8 AS untold, noted::float8 AS until, sent_at::float8 AS "sentAt",
         sender IS NOT NULL AND sender <> $1::text AND EXISTS (SELECT FROM tq.worker WHERE id = sender) AS "isTaken",
         EXISTS (SELECT FROM tq.noted_failure AS new WHERE new.channel = alert.channel) AS "hasNoted"
    FROM tq.alert AS alert WHERE channel = $2::text`;

/** Says why nothing is told now; null: there may be something to tell. Takes no lock; the alerts must be watched. */
export async function nothingToTell(
  db: Connection,
  take: AlertTake,
  now: number,
): Promise<TakenAlert | null> {
  const row = await find(db, take);
  return row === null ? { kind: "none" } : whyNot(row, take, now);
}

function find(db: Connection, { worker, channel }: AlertTake): Promise<AlertRow | null> {
  return db.get<AlertRow>(ROW, [worker, channel]);
}

function whyNot(row: AlertRow, { every }: AlertTake, now: number): TakenAlert | null {
  if (row.isTaken) return { kind: "other" };
  if (row.untold === 0 && !row.hasNoted) return { kind: "none" };
  const wait = waitForAlert(row.sentAt, every, now);
  return wait > 0 ? { kind: "wait", wait } : null;
}

const FIRST = `
  SELECT task::float8 AS task, call, queue, reason, attempts, failed_at::float8 AS "failedAt"
    FROM tq.untold WHERE channel = $1::text ORDER BY number LIMIT $2::bigint`;

const TAKE = `
  UPDATE tq.alert SET sender = $1::text, sent_at = $3::bigint, taken_until = noted WHERE channel = $2::text`;

/** An alert that did not go has let others be kept while it went: they are counted. */
const FORGET_LATER = `
  DELETE FROM tq.untold
   WHERE channel = $1::text
     AND number > (SELECT told_until FROM tq.alert WHERE channel = $1::text) + ${MOST_KEPT}`;

/** Takes what there is to tell, for one worker; another one may have been faster. */
export async function takeAlert(db: Connection, take: AlertTake, now: number): Promise<TakenAlert> {
  const { worker, channel, limit } = take;
  await countNoted(db, [channel]);
  const row = await find(db, take);
  if (row === null) return { kind: "none" };
  const nothing = whyNot(row, take, now);
  if (nothing !== null) return nothing;
  if (row.untold === 0) return { kind: "none" }; // what was noted since is for the next look
  const failures = await db.all<UntoldFailure>(FIRST, [channel, limit]);
  await Promise.all([db.run(TAKE, [worker, channel, now]), db.run(FORGET_LATER, [channel])]);
  return { kind: "alert", failures, count: row.untold, until: row.until };
}

/** Only the worker that took them has told them: another one that took over may count more. */
const TOLD = `
  UPDATE tq.alert SET told_until = greatest(told_until, $3::bigint) WHERE channel = $1::text AND sender = $2::text`;

const FORGET_TOLD = `
  DELETE FROM tq.untold
   WHERE channel = $1::text
     AND number <= (SELECT told_until FROM tq.alert WHERE channel = $1::text)`;

const LEAVE = "UPDATE tq.alert SET sender = NULL WHERE channel = $1::text AND sender = $2::text";

export async function endAlert(
  db: Connection,
  worker: string,
  channel: AlertKey,
  until: number | null,
): Promise<void> {
  const sent: Promise<number>[] = [];
  if (until !== null) {
    sent.push(db.run(TOLD, [channel, worker, until]), db.run(FORGET_TOLD, [channel]));
  }
  sent.push(db.run(LEAVE, [channel, worker]));
  await Promise.all(sent);
}
