/** The statements of a store's parts, on SQLite. */
import type { Database } from "bun:sqlite";
import type { CronStatements } from "../store/parts/crons.ts";
import type { PauseStatements } from "../store/parts/pauses.ts";
import type { PushKeyStatements } from "../store/parts/push-keys.ts";
import type { RedactionStatements } from "../store/parts/redactions.ts";
import type { StatisticsStatements } from "../store/parts/statistics.ts";
import type { TokenStatements } from "../store/parts/tokens.ts";
import * as cron from "./sql/cron.ts";
import * as cronDefinitions from "./sql/cron-definitions.ts";
import * as cronRows from "./sql/cron-rows.ts";
import * as cronSlots from "./sql/cron-slots.ts";
import * as cronZone from "./sql/cron-zone.ts";
import * as sessions from "./sql/ended-sessions.ts";
import * as pauses from "./sql/pauses.ts";
import * as pushKeys from "./sql/push-keys.ts";
import * as redactions from "./sql/redactions.ts";
import * as statistics from "./sql/statistics.ts";
import * as tokens from "./sql/tokens.ts";

export const CRONS: CronStatements<Database> = {
  ...cronDefinitions,
  ...cronRows,
  ...cronSlots,
  ...cronZone,
  ...cron,
  ...pushKeys,
  lockedState: cronRows.cronState,
};
export const PAUSES: PauseStatements<Database> = pauses;
export const PUSH_KEYS: PushKeyStatements<Database> = pushKeys;
export const REDACTIONS: RedactionStatements<Database> = redactions;
export const STATISTICS: StatisticsStatements<Database> = statistics;
export const TOKENS: TokenStatements<Database> = { ...tokens, ...sessions };
