/** A recurring task as TypeScript says it, without the call of its tasks. */
import type { Backoff, BackoffFunction } from "../policies/backoff.ts";
import type { TaskPolicy } from "../policies/table.ts";
import type { Duration, DurationText } from "../values/duration.ts";
import type { CronValues } from "./keys.ts";

type Nickname = "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly";

/** When a recurring task comes: `"30 2 * * *"` (minute, hour, day, month, weekday), `"@daily"` or `"every 15m"`. */
type ScheduleText =
  `@${Nickname}` | `every ${DurationText}` | `${string} ${string} ${string} ${string} ${string}`;

/** When a recurring task comes, and how its tasks are pushed. */
export interface RecurringOptions extends Pick<TaskPolicy, "attempts" | "timeout" | "expires"> {
  readonly schedule: ScheduleText;
  /** The time zone of the schedule, such as `"Europe/Berlin"`. Default: that of the machine. */
  readonly timeZone?: string;
  /** Default: `"default"`. */
  readonly queue?: string;
  /** A task of a higher priority goes first. Default: 0. */
  readonly priority?: number;
  /** The id of the user that its tasks run as. Default: 0. */
  readonly user?: number;
  /** The context that its tasks have, beside `cron: { name, slot }`. */
  readonly context?: Readonly<Record<string, unknown>>;
  /**
   * Decides about slots that passed while no worker ran: `"once"`: the last one runs; `"skip"`: none does; `"all"`: the
   * last `catchUp` of them do. Default: `"once"`.
   */
  readonly missed?: CronValues["missed"];
  /** Default: 100. */
  readonly catchUp?: number;
  /** A slot that passed longer ago than this is not caught up. Default: no limit. */
  readonly grace?: Duration;
  /** Decides about a slot whose earlier task has not ended. Default: `"allow"`: its task runs beside it. */
  readonly overlap?: CronValues["overlap"];
  /** Each task starts this much later at the most, by an amount that each database keeps. Default: 0. */
  readonly jitter?: Duration;
  /** How long to wait before each further attempt. */
  readonly backoff?: Exclude<Backoff, BackoffFunction>;
}
