/**
 * Webhooks: which ends of tasks are told next. The statements that end tasks add rows to tq.ended; whoever follows a webhook
 * takes them out, and gives each to the webhooks that want it. So an end that is committed late is told late, and none waits
 * for a transaction that is still open.
 */
import type { WebhookDefinition } from "../../store/webhook-store.ts";
import { WEBHOOK_CALL } from "../../task.ts";
import type { Connection } from "../connection.ts";
import { askedDefinitions } from "./asked.ts";
import { isOfCalls, isOfQueues } from "./call.ts";
import { namesLike } from "./patterns.ts";

/** One look passes so many ends, and tells so many of them. */
const PASSED = 2_000;
const TOLD = 200;

const FORMER = `
  SELECT key FROM tq.webhook JOIN tq.webhook_origin USING (key)
   WHERE origin = $1::text AND target = $2::text AND key <> $3::text
   LIMIT 1`;

/** It has moved here from a file, which does not keep its wishes: all ends are kept until its first worker tells them. */
const HAS_MOVED = "states = '{}'";

const KNOWN = `SELECT ${HAS_MOVED} AS "hasMoved" FROM tq.webhook WHERE key = $1::text`;

const ANY_MOVED = `SELECT FROM tq.webhook WHERE key = ANY ($1::text[]) AND ${HAS_MOVED}`;

const ADD = `
  INSERT INTO tq.webhook (key, target, states, queues, tasks, seed)
  VALUES ($1::text, $2::text, $3::text[], $4::text[], $5::text[],
          coalesce((SELECT seed FROM tq.webhook WHERE key = $6::text), replace(gen_random_uuid()::text, '-', '')))`;

/** The end is still the last one of its task, and the webhook wants it. */
const WANTS = `
  task.finished_at = ended.ended_at AND (${HAS_MOVED} OR task.state = ANY (webhook.states)) AND task.model <> '${WEBHOOK_CALL}'
    AND ${isOfQueues("webhook.queues")} AND ${isOfCalls("webhook.tasks")}`;

const SAY = `
  UPDATE tq.webhook SET states = $2::text[], queues = $3::text[], tasks = $4::text[] WHERE key = $1::text`;

const DROP_UNWANTED = `
  DELETE FROM tq.webhook_end AS ended
   WHERE key = $1::text
     AND NOT EXISTS (SELECT FROM tq.task AS task, tq.webhook AS webhook
                      WHERE task.id = ended.task AND webhook.key = ended.key AND ${WANTS})`;

/** The former one keeps its ends: another file may still ask for it. */
const COPY = `
  INSERT INTO tq.webhook_end (key, id, task, ended_at)
  SELECT webhook.key, ended.id, ended.task, ended.ended_at
    FROM tq.webhook_end AS ended JOIN tq.task AS task ON task.id = ended.task, tq.webhook AS webhook
   WHERE ended.key = $2::text AND webhook.key = $1::text AND ${WANTS}`;

const ASKED = askedDefinitions({
  definitions: "tq.webhook",
  rows: ["tq.webhook_end"],
  key: "key",
});

/** Makes these the webhooks that a file asks for. The webhooks must be locked. */
export async function watchWebhooks(
  db: Connection,
  origin: string,
  definitions: readonly WebhookDefinition[],
): Promise<void> {
  const news: WebhookDefinition[] = [];
  for (const definition of definitions) {
    const { key, target } = definition;
    const known = await db.get<{ readonly hasMoved: boolean }>(KNOWN, [key]);
    if (known?.hasMoved) await say(db, definition);
    if (known !== null) continue;
    const former = await db.get<{ readonly key: string }>(FORMER, [origin, target, key]);
    if (former === null) news.push(definition);
    else await goOn(db, definition, former.key);
  }
  // The ends so far are not for webhooks that are new.
  while (await shareEnds(db));
  for (const definition of news) await add(db, definition, null);
  for (const { key } of definitions) await ASKED.ask(db, origin, key);
  await ASKED.keepOnly(db, origin, definitions.map(keyOf));
}

const LOCK = "SELECT FROM tq.webhook WHERE key = $1::text FOR UPDATE";

async function goOn(db: Connection, definition: WebhookDefinition, former: string): Promise<void> {
  await db.run(LOCK, [former]); // an end that another worker tells just now is not to be told twice
  await add(db, definition, former);
  await db.run(COPY, [definition.key, former]);
}

/** Says what a webhook wants that has moved here. */
async function say(db: Connection, definition: WebhookDefinition): Promise<void> {
  const { key } = definition;
  await db.run(LOCK, [key]);
  await db.run(SAY, [key, ...wanted(definition)]);
  await db.run(DROP_UNWANTED, [key]);
}

function wanted({ states, queues, tasks }: WebhookDefinition) {
  return [states, queues.map(namesLike), tasks.map(namesLike)] as const;
}

/** @param former has the seed that it gets: the ids of its deliveries stay the same. */
async function add(
  db: Connection,
  definition: WebhookDefinition,
  former: string | null,
): Promise<void> {
  const { key, target } = definition;
  await db.run(ADD, [key, target, ...wanted(definition), former]);
}

function keyOf({ key }: WebhookDefinition): string {
  return key;
}

/** True where `watchWebhooks` would change something. */
export async function isNewWebhook(
  db: Connection,
  origin: string,
  definitions: readonly WebhookDefinition[],
): Promise<boolean> {
  const keys = definitions.map(keyOf);
  const [isNew, moved] = await Promise.all([
    ASKED.isNew(db, origin, keys),
    keys.length === 0 ? null : db.get(ANY_MOVED, [keys]),
  ]);
  return isNew || moved !== null;
}

const IS_WANTED = "SELECT FROM tq.webhook WHERE target = $1::text";

export async function isWantedTarget(db: Connection, target: string): Promise<boolean> {
  return (await db.get(IS_WANTED, [target])) !== null;
}

const WAITING = `
  SELECT EXISTS (SELECT FROM tq.ended) AS "isToShare",
         EXISTS (SELECT FROM tq.webhook_end WHERE key = $1::text) AS "isToTell"`;

/** True where some webhook may have something to tell. */
export const IS_ANY_END = "(EXISTS (SELECT FROM tq.ended) OR EXISTS (SELECT FROM tq.webhook_end))";

const IS_END_FOR = `
  SELECT EXISTS (SELECT FROM tq.ended) OR EXISTS (SELECT FROM tq.webhook_end WHERE key = ANY ($1::text[])) AS there`;

/** True where one of these webhooks may have something to tell. */
export async function isEndFor(db: Connection, keys: readonly string[]): Promise<boolean> {
  return (await db.get<{ there: boolean }>(IS_END_FOR, [keys]))?.there === true;
}

/** The work that there is for a webhook, without a lock. */
export interface WaitingEnds {
  readonly isToShare: boolean;
  readonly isToTell: boolean;
}

export async function waitingEnds(db: Connection, key: string): Promise<WaitingEnds> {
  return (await db.get<WaitingEnds>(WAITING, [key])) ?? { isToShare: false, isToTell: false };
}

const SHARE = `
  WITH ended AS (
         DELETE FROM tq.ended WHERE id IN (SELECT id FROM tq.ended ORDER BY id LIMIT ${PASSED})
         RETURNING id, task, ended_at),
       shared AS (
         INSERT INTO tq.webhook_end (key, id, task, ended_at)
         SELECT webhook.key, ended.id, ended.task, ended.ended_at
           FROM ended JOIN tq.task AS task ON task.id = ended.task, tq.webhook AS webhook
          WHERE ${WANTS})
  SELECT count(*)::float8 AS passed FROM ended`;

/** Gives ends to the webhooks that want them, which must be locked. @returns true where there may be more */
export async function shareEnds(db: Connection): Promise<boolean> {
  const row = await db.get<{ readonly passed: number }>(SHARE);
  return row?.passed === PASSED;
}

/** Drops ends of tasks that were made ready again since. */
const DROP_PASSED = `
  DELETE FROM tq.webhook_end AS ended
   WHERE NOT EXISTS (SELECT FROM tq.task AS task WHERE task.id = ended.task AND task.finished_at = ended.ended_at)`;

/** Drops all but one of the ends that a task had in one ms. */
const DROP_DOUBLE = `
  DELETE FROM tq.webhook_end AS ended
   USING (SELECT key, task, ended_at, min(id) AS first FROM tq.webhook_end GROUP BY key, task, ended_at HAVING count(*) > 1) AS many
   WHERE ended.key = many.key AND ended.task = many.task AND ended.ended_at = many.ended_at AND ended.id > many.first`;

/** Leaves exactly the ends that are still to be told, each of them once. The webhooks must be locked. */
export async function settleEnds(db: Connection): Promise<void> {
  while (await shareEnds(db));
  await db.run(DROP_PASSED);
  await db.run(DROP_DOUBLE);
}

const PLACE = "SELECT seed FROM tq.webhook WHERE key = $1::text FOR NO KEY UPDATE";

const TAKE = `
  WITH told AS (
         DELETE FROM tq.webhook_end
          WHERE key = $1::text
            AND id IN (SELECT id FROM tq.webhook_end WHERE key = $1::text ORDER BY id LIMIT ${TOLD})
         RETURNING id, task, ended_at)
  SELECT task::float8 AS task, ended_at::float8 AS "endedAt" FROM told ORDER BY id`;

export interface TakenEnds {
  /** The seed of the webhook. */
  readonly seed: string;
  readonly told: readonly { readonly task: number; readonly endedAt: number }[];
  readonly isMore: boolean;
}

/** Takes the ends that are to be told, in this transaction; null: there is no such webhook any more. */
export async function takeEnds(db: Connection, key: string): Promise<TakenEnds | null> {
  const place = await db.get<{ readonly seed: string }>(PLACE, [key]);
  if (place === null) return null;
  const told = await db.all<TakenEnds["told"][number]>(TAKE, [key]);
  return { seed: place.seed, told, isMore: told.length === TOLD };
}
