/** Alerts: which worker tells of failures, in which way, up to which one. */
import type { Database } from "bun:sqlite";
import {
  type AlertDefinition,
  type AlertKey,
  type AlertTake,
  MOST_KEPT,
  type TakenAlert,
  type UntoldFailure,
  waitForAlert,
} from "../../store/failure-store.ts";
import { askedDefinitions } from "./asked.ts";
import { namesGlob } from "./glob.ts";
import { type AlertChange, countPassedOver, noteEarlier } from "./earlier-failures.ts";

/** The definition whose place a new one takes: of the same file and the same kind. $kind is a pattern. */
const FORMER = `
  SELECT channel FROM tq__alert_origin
   WHERE origin = $origin AND channel GLOB $kind AND channel <> $channel
   LIMIT 1`;

const ADD = `
  INSERT INTO tq__alert (channel, queues, tasks, since) VALUES ($channel, $queues, $tasks, $now)
  ON CONFLICT (channel) DO NOTHING`;

/** Another file may still ask for the former one, so that it stays. */
const GO_ON = `
  UPDATE tq__alert SET (since, noted, told_until, taken_until) =
         (SELECT since, noted, told_until, taken_until FROM tq__alert WHERE channel = $former)
   WHERE channel = $channel`;

const COPY = `
  INSERT INTO tq__untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT $channel, number, task, call, queue, reason, attempts, failed_at
    FROM tq__untold WHERE channel = $former`;

const ASKED = askedDefinitions({ definitions: "tq__alert", rows: "tq__untold", key: "channel" });

/** Makes these the alerts that a file asks for. @returns false where they are already */
export function watchFailures(
  db: Database,
  origin: string,
  definitions: readonly AlertDefinition[],
  now: number,
): boolean {
  if (!isNewlyWatched(db, origin, definitions)) return false;
  for (const definition of definitions) addDefinition(db, origin, definition, now);
  ASKED.keepOnly(db, origin, definitions.map(keyOf));
  return true;
}

function keyOf({ key }: AlertDefinition): string {
  return key;
}

function addDefinition(
  db: Database,
  origin: string,
  { key, queues, tasks }: AlertDefinition,
  now: number,
): void {
  const channel = key;
  const globs = { queues: globsOf(queues), tasks: globsOf(tasks) };
  const isNew = db.query(ADD).run({ channel, ...globs, now }).changes > 0;
  if (isNew) {
    const former = formerOf(db, origin, channel);
    if (former !== null) goOn(db, { channel, former, ...globs, now });
  }
  ASKED.ask(db, origin, channel);
}

const IS_KNOWN = "SELECT 1 FROM tq__alert WHERE channel = $channel";

/**
 * Call it before `watchFailures`.
 *
 * @returns how many failed tasks these definitions want that those did not whose place they take, and do not tell of, as
 * they failed too long ago.
 */
export function countAllPassedOver(
  db: Database,
  origin: string,
  definitions: readonly AlertDefinition[],
  now: number,
): number {
  const counts = definitions.map((definition) => {
    const channel = definition.key;
    if (db.query(IS_KNOWN).get({ channel }) !== null) return 0;
    const former = formerOf(db, origin, channel);
    if (former === null) return 0;
    const globs = { queues: globsOf(definition.queues), tasks: globsOf(definition.tasks) };
    return countPassedOver(db, { ...globs, former, now });
  });
  return Math.max(0, ...counts);
}

function formerOf(db: Database, origin: string, channel: AlertKey): string | null {
  const [kind] = channel.split(" ");
  const values = { origin, channel, kind: `${kind}*` };
  const row = db.query(FORMER).get(values) as { readonly channel: string } | null;
  return row && row.channel;
}

function globsOf(patterns: readonly string[]): string {
  return JSON.stringify(patterns.map(namesGlob));
}

function goOn(db: Database, change: AlertChange): void {
  const { channel, former } = change;
  db.query(GO_ON).run({ channel, former });
  db.query(COPY).run({ channel, former });
  noteEarlier(db, change);
}

/** True where `watchFailures` would change something. */
export function isNewlyWatched(
  db: Database,
  origin: string,
  definitions: readonly AlertDefinition[],
): boolean {
  return ASKED.isNew(db, origin, definitions.map(keyOf));
}

interface AlertRow {
  readonly untold: number;
  readonly until: number;
  readonly sentAt: number | null;
  /** 1: another worker that is registered tells now. A dead one is not registered any more once it is rescued. */
  readonly isTaken: 0 | 1;
}

const ROW = `
  SELECT noted - told_until AS untold, noted AS until, sent_at AS sentAt,
         sender IS NOT NULL AND sender <> $worker AND sender IN (SELECT id FROM tq__worker) AS isTaken
    FROM tq__alert WHERE channel = $channel`;

/** The answer where nothing can be told now; null: there is something to tell. Reads without a lock; the alerts must be watched. */
export function nothingToTell(db: Database, take: AlertTake, now: number): TakenAlert | null {
  return whyNot(find(db, take), take, now);
}

function find(db: Database, { worker, channel }: AlertTake): AlertRow | null {
  return db.query(ROW).get({ worker, channel }) as AlertRow | null;
}

function whyNot(row: AlertRow | null, { every }: AlertTake, now: number): TakenAlert | null {
  if (row?.isTaken === 1) return { kind: "other" };
  if (row === null || row.untold === 0) return { kind: "none" };
  const wait = waitForAlert(row.sentAt, every, now);
  return wait > 0 ? { kind: "wait", wait } : null;
}

const FIRST = `
  SELECT task, call, queue, reason, attempts, failed_at AS failedAt
    FROM tq__untold WHERE channel = $channel ORDER BY number LIMIT $limit`;

const TAKE = `
  UPDATE tq__alert SET sender = $worker, sent_at = $now, taken_until = noted WHERE channel = $channel`;

/** An alert that did not go has let others be kept while it went: they are counted. */
const FORGET_LATER = `
  DELETE FROM tq__untold
   WHERE channel = $channel
     AND number > (SELECT told_until FROM tq__alert WHERE channel = $channel) + ${MOST_KEPT}`;

/** Takes what there is to tell, for one worker; another one may have been faster. */
export function takeAlert(db: Database, take: AlertTake, now: number): TakenAlert {
  const row = find(db, take);
  const nothing = whyNot(row, take, now);
  if (row === null || nothing !== null) return nothing ?? { kind: "none" };
  const { worker, channel, limit } = take;
  const failures = db.query(FIRST).all({ channel, limit }) as UntoldFailure[];
  db.query(TAKE).run({ worker, channel, now });
  db.query(FORGET_LATER).run({ channel });
  return { kind: "alert", failures, count: row.untold, until: row.until };
}

/** Only the worker that took them has told them: another one that took over may count more. */
const TOLD = `
  UPDATE tq__alert SET told_until = max(told_until, $until) WHERE channel = $channel AND sender = $worker`;

const FORGET_TOLD = `
  DELETE FROM tq__untold
   WHERE channel = $channel
     AND number <= (SELECT told_until FROM tq__alert WHERE channel = $channel)`;

const LEAVE = "UPDATE tq__alert SET sender = NULL WHERE channel = $channel AND sender = $worker";

export function endAlert(
  db: Database,
  worker: string,
  channel: AlertKey,
  until: number | null,
): void {
  if (until !== null) {
    db.query(TOLD).run({ worker, channel, until });
    db.query(FORGET_TOLD).run({ channel });
  }
  db.query(LEAVE).run({ worker, channel });
}
