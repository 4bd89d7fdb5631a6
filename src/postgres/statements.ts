/** The statements of a store's parts, on PostgreSQL. */
import * as alerts from "./sql/alerts.ts";
import * as changes from "./sql/cron.ts";
import * as definitions from "./sql/cron-definitions.ts";
import * as rows from "./sql/cron-rows.ts";
import * as slots from "./sql/cron-slots.ts";
import * as zone from "./sql/cron-zone.ts";
import * as sessions from "./sql/ended-sessions.ts";
import * as followUps from "./sql/failures.ts";
import { lastFailed } from "./sql/looking.ts";
import * as pauses from "./sql/pauses.ts";
import * as pushKeys from "./sql/push-keys.ts";
import * as redactions from "./sql/redactions.ts";
import * as statistics from "./sql/statistics.ts";
import * as named from "./sql/tokens.ts";
import { noteTrouble } from "./sql/noted-failures.ts";

const cron = { ...changes, ...definitions, ...rows, ...slots, ...zone, ...pushKeys };
const failures = { ...alerts, ...followUps, lastFailed, noteTrouble };
const tokens = { ...named, ...sessions };

/** By the names of the parts. */
export const STATEMENTS = { cron, failures, pauses, pushKeys, redactions, statistics, tokens };
