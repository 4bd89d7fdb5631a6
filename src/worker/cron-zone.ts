/** The time zone of a worker's machine, for recurring tasks that name none: all workers keep to one. */
import type { CronDefinition } from "../cron/definition.ts";
import type { CronRow } from "../cron/ledger.ts";
import { definitionOf } from "../cron/in-force.ts";
import { LastingNote } from "../log/lasting-note.ts";
import type { Report } from "../log/events.ts";
import type { Store } from "../store/store.ts";

export interface CronZoneOptions {
  /** The worker's id. */
  readonly id: string;
  readonly store: Store;
  readonly report: Report;
  /** The time zone of this machine. Default: that of this process. */
  readonly zone?: string;
}

export class CronZone {
  readonly #options: CronZoneOptions;
  readonly #other: LastingNote;
  #own: string | null;
  #inForce: string | null = null;

  constructor(options: CronZoneOptions) {
    this.#options = options;
    this.#own = options.zone ?? null;
    this.#other = new LastingNote(options.report);
  }

  /** True once the store knows the zone of this machine. */
  get isTold(): boolean {
    return this.#inForce !== null;
  }

  /** Takes the zone of this machine, where no live worker has another one. */
  async look(): Promise<void> {
    const { store, id } = this.#options;
    const own = (this.#own ??= Temporal.Now.timeZoneId());
    const zone = await store.cron.followZone(id, own);
    if (zone === own) this.#other.gone();
    if (zone === this.#inForce) return;
    const was = this.#inForce;
    this.#inForce = zone;
    const those = "recurring tasks without a time_zone";
    if (was !== null) this.#note(`${those} follow the clock of ${zone} from now on; it was ${was}`);
    else if (zone !== own && (await store.cron.rows()).some(followsMachine)) {
      this.#other.say(
        `${those} follow the clock of ${zone}, as another worker does, and not that of this worker, ${own}: give them a time_zone, or all workers one TZ`,
      );
    }
  }

  #note(message: string): void {
    this.#options.report({ name: "log.note", level: "info", message });
  }
}

/** True for a recurring task that comes by the clock of the workers' machine. */
export function followsMachine(row: CronRow): boolean {
  try {
    return row.removedAt === null && namesNoZone(definitionOf(row));
  } catch {
    return false; // a newer tq has written it
  }
}

/** An interval is counted from 1970 UTC. */
export function namesNoZone({ timeZone, schedule }: CronDefinition): boolean {
  return timeZone === null && schedule.interval === null;
}
