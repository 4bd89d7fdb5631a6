/** The operations that tell how this server is set up, and how the database and its workers stand. */
import { Hono } from "hono";
import * as v from "valibot";
import { listSettings } from "../../settings/listed.ts";
import type { AdminOptions } from "../app.ts";
import { wholeStatus } from "../health.ts";
import { within } from "../shared-look.ts";
import type { AdminEnv } from "../access/access.ts";
import { operation } from "./operation.ts";
import { HOUR, QUEUE_STATUS, shownQueue } from "./queue-schemas.ts";
import { COUNT, isoTime, PAUSE, shownPause, TIME, WORKER, withIsoTimes } from "./schemas.ts";

const TAG = "settings";

/** The settings are told without the database, but for its redactions. */
const LONGEST_MS = 1_000;

const SETTING = v.object({
  key: v.pipe(v.string(), v.description("As tq.toml would write it")),
  value: v.pipe(v.unknown(), v.description("Lengths of time in ms; without its secrets")),
  words: v.pipe(v.string(), v.description("The value for a person")),
  origin: v.pipe(
    v.string(),
    v.description("default, tq.toml, the environment variable or the flag that says it"),
  ),
  env: v.nullable(v.string()),
  description: v.string(),
});

const SETTINGS = v.object({
  file: v.pipe(v.nullable(v.string()), v.description("The tq.toml that was read at the start")),
  settings: v.array(SETTING),
});

const BACKUP = v.object({
  made_at: v.pipe(v.nullable(TIME), v.description("When the last good one ended")),
  path: v.nullable(v.string()),
  size: v.pipe(v.nullable(COUNT), v.description("In bytes")),
  failed_at: v.pipe(
    v.nullable(TIME),
    v.description("When the last try failed, where that was after the last good one"),
  ),
  reason: v.pipe(v.nullable(v.string()), v.description("Why it failed")),
  restored_at: v.pipe(
    v.nullable(TIME),
    v.description("When the database was restored: earlier backups are of the past of its copy"),
  ),
});

const STATUS = v.object({
  mode: v.picklist(["worker", "no worker"]),
  version: v.string(),
  path: v.string(),
  schema: COUNT,
  durability: v.picklist(["full", "normal"]),
  file_size: v.pipe(COUNT, v.description("In bytes, as the next two")),
  wal_size: v.pipe(v.nullable(COUNT), v.description("null on PostgreSQL")),
  free_size: v.pipe(v.nullable(COUNT), v.description("null on PostgreSQL")),
  queues: v.array(QUEUE_STATUS),
  pauses: v.array(PAUSE),
  free_disk: v.pipe(v.nullable(COUNT), v.description("Bytes; null: the system does not tell")),
  oldest_ready: v.nullable(
    v.object({ queue: v.string(), since: v.pipe(TIME, v.description("When it could have run")) }),
  ),
  backup: v.pipe(
    v.nullable(BACKUP),
    v.description("The last one; null: none was made, and no worker was told to make any"),
  ),
  failed_lately: v.pipe(COUNT, v.description("Tasks that failed for good in the last hour")),
  last_hour: v.array(v.object({ queue: v.string(), ...HOUR.entries })),
  last_minute: v.pipe(
    v.array(v.object({ queue: v.string(), ended: COUNT })),
    v.description("The tasks that ended in the last minute, by queue"),
  ),
  workers: v.array(WORKER),
  problems: v.pipe(v.array(v.string()), v.description("Why tasks are not stored or not run")),
});

export function settingOperations(options: AdminOptions) {
  const { config } = options;
  return new Hono<AdminEnv>()
    .get(
      "/settings",
      operation({
        id: "listSettings",
        tag: TAG,
        roles: ["read"],
        summary: "List the settings of the server in effect, and where each comes from",
        answers: { 200: { description: "The settings", schema: SETTINGS } },
      }),
      async (c) => {
        const { store } = options;
        const redaction = await within(LONGEST_MS, store, store.redactions.inForce());
        return c.json({ file: config.file, settings: listSettings(config, redaction) });
      },
    )
    .get(
      "/status",
      operation({
        id: "showStatus",
        tag: TAG,
        roles: ["read"],
        summary: "Show the database, the queues, the workers and all problems",
        answers: { 200: { description: "How it stands", schema: STATUS } },
      }),
      async (c) => {
        const status = await wholeStatus(options);
        const { oldest_ready: oldest, backup } = status;
        return c.json({
          ...status,
          queues: status.queues.map(shownQueue),
          pauses: status.pauses.map(shownPause),
          backup: backup && withIsoTimes(backup),
          oldest_ready: oldest && { ...oldest, since: isoTime(oldest.since) },
          workers: status.workers.map(withIsoTimes),
        });
      },
    );
}
