/**
 * Webhooks: which ends of tasks are told next. Ends have the time at which their transaction held the lock, so they come in
 * the order of their times, but for those of the same ms, and of a clock that goes back.
 */
import type { Database } from "bun:sqlite";
import type { WebhookDefinition } from "../../store/webhook-store.ts";
import { type TaskState, WEBHOOK_CALL } from "../../task.ts";
import { askedDefinitions } from "./asked.ts";
import { isCall } from "./call.ts";
import { namesGlob } from "./glob.ts";
import { isIn } from "./untold.ts";

/** An end is told though its time has been passed by less than this. */
export const WINDOW_MS = 1_000;

/** Ends that are to come by more were written by a clock that was ahead: each is told once its time comes. */
const AHEAD_MS = 1_000;

/** One look passes so many ends, and tells so many of them. */
const PASSED = 2_000;
const TOLD = 200;

const FORMER = `
  SELECT key FROM tq__webhook JOIN tq__webhook_origin USING (key)
   WHERE origin = $origin AND target = $target AND key <> $key
   LIMIT 1`;

const ADD = `
  INSERT INTO tq__webhook (key, target, seed, since, ended_at)
  VALUES ($key, $target, lower(hex(randomblob(16))), $now, $now)
  ON CONFLICT (key) DO NOTHING`;

/** The ids of its deliveries stay the same, too. */
const GO_ON = `
  UPDATE tq__webhook SET (seed, since, ended_at) =
         (SELECT seed, since, ended_at FROM tq__webhook WHERE key = $former)
   WHERE key = $key`;

const COPY = `
  INSERT INTO tq__webhook_told (key, ended_at, task)
  SELECT $key, ended_at, task FROM tq__webhook_told WHERE key = $former`;

const ASKED = askedDefinitions({
  definitions: "tq__webhook",
  rows: "tq__webhook_told",
  key: "key",
});

/** Makes these the webhooks that a file asks for. */
export function watchWebhooks(
  db: Database,
  origin: string,
  definitions: readonly WebhookDefinition[],
  now: number,
): void {
  for (const { key, target } of definitions) {
    const isNew = db.query(ADD).run({ key, target, now }).changes > 0;
    const former = isNew ? (db.query(FORMER).get({ origin, target, key }) as KeyRow | null) : null;
    if (former !== null) {
      db.query(GO_ON).run({ key, former: former.key });
      db.query(COPY).run({ key, former: former.key });
    }
    ASKED.ask(db, origin, key);
  }
  ASKED.keepOnly(db, origin, definitions.map(keyOf));
}

function keyOf({ key }: WebhookDefinition): string {
  return key;
}

interface KeyRow {
  readonly key: string;
}

/** True where `watchWebhooks` would change something. */
export function isNewWebhook(
  db: Database,
  origin: string,
  definitions: readonly WebhookDefinition[],
): boolean {
  return ASKED.isNew(db, origin, definitions.map(keyOf));
}

const IS_WANTED = "SELECT 1 FROM tq__webhook WHERE target = $target";

export function isWantedTarget(db: Database, target: string): boolean {
  return db.query(IS_WANTED).get({ target }) !== null;
}

interface PlaceRow {
  readonly seed: string;
  readonly since: number;
  readonly endedAt: number;
  readonly moves: number;
}

const PLACE = "SELECT seed, since, ended_at AS endedAt, moves FROM tq__webhook WHERE key = $key";

/** In the words of the partial index. */
const endedAs = (state: TaskState): string =>
  `state = '${state}' AND finished_at IS NOT NULL AND finished_at`;

/** The time up to which this look goes; null: there is no end after the place. */
const untilIn = (states: readonly TaskState[]): string => {
  const each = states.map(
    (state) => `
    SELECT * FROM (SELECT finished_at AS at FROM tq__task
                    WHERE ${endedAs(state)} > $endedAt AND finished_at <= $last
                    ORDER BY finished_at LIMIT ${PASSED})`,
  );
  return `SELECT max(at) AS until, count(*) AS passed
            FROM (SELECT at FROM (${each.join(" UNION ALL ")}) ORDER BY at LIMIT ${PASSED})`;
};

const untoldIn = (states: readonly TaskState[]): string => {
  const each = states.map(
    (state) => `
    SELECT * FROM (SELECT id AS task, finished_at AS endedAt FROM tq__task
                    WHERE ${endedAs(state)} >= $from AND finished_at <= $until
                      AND model <> '${WEBHOOK_CALL}'
                      AND ${isIn("$queues", "queue GLOB value")} AND ${isIn("$tasks", isCall("value"))}
                      AND NOT EXISTS (SELECT 1 FROM tq__webhook_told AS told
                                       WHERE told.key = $key AND told.ended_at = finished_at
                                         AND told.task = tq__task.id)
                    ORDER BY finished_at, id LIMIT ${TOLD})`,
  );
  return `SELECT task, endedAt FROM (${each.join(" UNION ALL ")}) ORDER BY endedAt, task LIMIT ${TOLD}`;
};

export interface FoundEnds {
  readonly seed: string;
  readonly told: readonly { readonly task: number; readonly endedAt: number }[];
  readonly since: number;
  /** The place behind them. */
  readonly endedAt: number;
  /** How often it was moved before. */
  readonly moves: number;
  /** The clock was set back: before, the place was here. */
  readonly wasAt: number | null;
  readonly isMore: boolean;
}

/** Reads the ends to tell; null: there are none, and the place need not be kept. */
export function findEnds(
  db: Database,
  { key, states, queues, tasks }: WebhookDefinition,
  now: number,
): FoundEnds | null {
  const place = db.query(PLACE).get({ key }) as PlaceRow | null;
  if (place === null) return null;
  const last = now + AHEAD_MS;
  const { seed, moves } = place;
  if (place.endedAt > last) {
    const since = Math.min(place.since, now);
    return { seed, since, endedAt: now, moves, told: [], wasAt: place.endedAt, isMore: true };
  }
  const { until: found, passed } = db.query(untilIn(states)).get({
    endedAt: place.endedAt,
    last,
  }) as { readonly until: number | null; readonly passed: number };
  const until = found ?? place.endedAt;
  const globs = (patterns: readonly string[]) => JSON.stringify(patterns.map(namesGlob));
  const told = db.query(untoldIn(states)).all({
    key,
    from: startOf(place, now),
    until,
    queues: globs(queues),
    tasks: globs(tasks),
  }) as FoundEnds["told"];
  const isFull = told.length === TOLD;
  const isMore = isFull || passed === PASSED;
  if (told.length === 0 && !isMore) return null;
  // The last one of a full page is not the last one of its time, perhaps.
  const endedAt = isFull ? Math.max(place.endedAt, told.at(-1)?.endedAt ?? 0) : until;
  const { since } = place;
  return { seed, told, since, endedAt, moves, wasAt: null, isMore };
}

/** Where this look begins. No end comes late to a place that is long past: only those of its own ms are looked for. */
function startOf({ since, endedAt }: PlaceRow, now: number): number {
  const isPast = endedAt < now - 2 * WINDOW_MS;
  return Math.max(since, isPast ? endedAt : endedAt - WINDOW_MS);
}

const IS_AT = "SELECT 1 FROM tq__webhook WHERE key = $key AND moves = $moves";

/** True while the place is the one that was read: no other worker has told these ends. */
export function isStillAt(db: Database, key: string, moves: number): boolean {
  return db.query(IS_AT).get({ key, moves }) !== null;
}

const MOVE = `
  UPDATE tq__webhook SET since = $since, ended_at = $endedAt, moves = moves + 1 WHERE key = $key`;

const TELL = "INSERT INTO tq__webhook_told (key, ended_at, task) VALUES ($key, $endedAt, $task)";

/** Ends of a clock that was ahead stay until their time has passed. */
const FORGET = "DELETE FROM tq__webhook_told WHERE key = $key AND ended_at < $from";

/** Of a clock that was set back: these ends were told, and their times come again. */
const toldBefore = (state: TaskState): string => `
  INSERT INTO tq__webhook_told (key, ended_at, task)
  SELECT $key, finished_at, id FROM tq__task
   WHERE ${endedAs(state)} >= $endedAt AND finished_at <= $wasAt LIMIT 100000
  ON CONFLICT DO NOTHING`;

/** The ends are told, in this transaction. */
export function moveWebhook(
  db: Database,
  { key, states }: WebhookDefinition,
  { told, since, endedAt, wasAt }: FoundEnds,
): void {
  db.query(MOVE).run({ key, since, endedAt });
  for (const end of told) db.query(TELL).run({ key, ...end });
  db.query(FORGET).run({ key, from: endedAt - WINDOW_MS });
  if (wasAt === null) return;
  for (const state of states) db.query(toldBefore(state)).run({ key, endedAt, wasAt });
}
