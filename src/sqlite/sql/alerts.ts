/** Alerts: which worker tells of failures, in which way, up to which one. */
import type { Database } from "bun:sqlite";
import type { AlertKey, AlertTake, TakenAlert, UntoldFailure } from "../../store/failure-store.ts";

const DROP_OTHERS = `
  DELETE FROM tq__alert
   WHERE origin = $origin AND channel NOT IN (SELECT value FROM json_each($channels))`;

/**
 * A way that is new tells nothing of the failures before it; one that its file has edited, all that were not told. $kind
 * is a pattern.
 */
const ADD = `
  INSERT INTO tq__alert (channel, origin, told_until)
  VALUES ($channel, $origin,
          coalesce((SELECT max(told_until) FROM tq__alert WHERE origin = $origin AND channel GLOB $kind),
                   (SELECT seq FROM sqlite_sequence WHERE name = 'tq__untold'), 0))
  ON CONFLICT (channel) DO UPDATE SET origin = excluded.origin WHERE origin <> excluded.origin`;

const FORGET_TOLD =
  "DELETE FROM tq__untold WHERE id <= coalesce((SELECT min(told_until) FROM tq__alert), id)";

/** Makes these the ways of telling. */
export function watchFailures(db: Database, origin: string, channels: readonly AlertKey[]): void {
  for (const channel of channels) {
    const [kind] = channel.split(" ");
    db.query(ADD).run({ channel, origin, kind: `${kind}*` });
  }
  // Workers without a file may each have other settings: none of them drops what another one wants.
  if (origin !== "") db.query(DROP_OTHERS).run({ origin, channels: JSON.stringify(channels) });
  db.query(FORGET_TOLD).run();
}

const WATCHED = "SELECT channel, origin FROM tq__alert ORDER BY channel";

/** True where `watchFailures` would change something. */
export function isNewlyWatched(
  db: Database,
  origin: string,
  channels: readonly AlertKey[],
): boolean {
  const rows = db.query(WATCHED).all() as { channel: AlertKey; origin: string }[];
  const hasAll = channels.every((channel) =>
    rows.some((row) => row.channel === channel && row.origin === origin),
  );
  const hasOthers = rows.some((row) => row.origin === origin && !channels.includes(row.channel));
  return !hasAll || (origin !== "" && hasOthers);
}

interface AlertRow {
  readonly toldUntil: number;
  readonly sentAt: number | null;
  /** 1: another worker that is registered tells now. A dead one is not registered any more once it is rescued. */
  readonly isTaken: 0 | 1;
}

const ROW = `
  SELECT told_until AS toldUntil, sent_at AS sentAt,
         sender IS NOT NULL AND sender <> $worker AND sender IN (SELECT id FROM tq__worker) AS isTaken
    FROM tq__alert WHERE channel = $channel`;

const UNTOLD = `
  SELECT id, task, call, queue, reason, attempts, failed_at AS failedAt
    FROM tq__untold WHERE id > $after ORDER BY id`;

type Found = Extract<TakenAlert, { readonly kind: "alert" }>;

/** Reads what there is to tell, without a lock; the ways of telling must be watched. */
export function findAlert(db: Database, take: AlertTake, now: number): TakenAlert {
  const { worker, channel, every } = take;
  const row = db.query(ROW).get({ worker, channel }) as AlertRow | null;
  if (row === null) return { kind: "none" };
  if (row.isTaken === 1) return { kind: "other" };
  const found = readUntold(db, row.toldUntil, take);
  if (found.until === row.toldUntil) return { kind: "none" };
  const wait = found.count === 0 ? 0 : waitFor(row.sentAt, every, now);
  return wait > 0 ? { kind: "wait", wait } : found;
}

/** The ms until the next alert. A clock that was set back makes none wait: the last one is in its future. */
function waitFor(sentAt: number | null, every: number, now: number): number {
  if (sentAt === null || sentAt > now) return 0;
  return Math.max(sentAt + every - now, 0);
}

function readUntold(db: Database, after: number, { limit, isWanted }: AlertTake): Found {
  const failures: UntoldFailure[] = [];
  let [count, lastAt, until] = [0, 0, after];
  for (const row of db.query(UNTOLD).iterate({ after })) {
    const { id, ...failure } = row as UntoldFailure & { readonly id: number };
    until = id;
    if (!isWanted(failure)) continue;
    count += 1;
    lastAt = failure.failedAt;
    if (failures.length < limit) failures.push(failure);
  }
  return { kind: "alert", failures, count, lastAt, after, until };
}

const TAKE = `
  UPDATE tq__alert SET sender = $worker, sent_at = $now
   WHERE channel = $channel AND told_until = $after
     AND (sender IS NULL OR sender = $worker OR sender NOT IN (SELECT id FROM tq__worker))`;

/** Takes what was found, for one worker; another one may have been faster. */
export function takeAlert(
  db: Database,
  { worker, channel }: AlertTake,
  found: Found,
  now: number,
): TakenAlert {
  if (found.count === 0) {
    setTold(db, channel, found.until);
    return { kind: "none" };
  }
  const { changes } = db.query(TAKE).run({ worker, channel, after: found.after, now });
  return changes === 1 ? found : { kind: "other" };
}

const TOLD = `
  UPDATE tq__alert SET told_until = max(told_until, $until) WHERE channel = $channel`;

function setTold(db: Database, channel: AlertKey, until: number): void {
  db.query(TOLD).run({ channel, until });
  db.query(FORGET_TOLD).run();
}

const LEAVE = "UPDATE tq__alert SET sender = NULL WHERE channel = $channel AND sender = $worker";

export function endAlert(
  db: Database,
  worker: string,
  channel: AlertKey,
  until: number | null,
): void {
  if (until !== null) setTold(db, channel, until);
  db.query(LEAVE).run({ worker, channel });
}
