/** Does what tq itself does at slots of its own recurring tasks, and tells the ledger how it ended. */
import { sleep } from "../clock.ts";
import type { CronSlot } from "../cron/ledger.ts";
import { CLEAN } from "../cron/own.ts";
import { messageOf } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { Store } from "../store/store.ts";
import type { OwnWork } from "./own-work.ts";

export class OwnWorks {
  readonly #store: Store;
  readonly #report: Report;
  readonly #works: ReadonlyMap<string, OwnWork>;
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(store: Store, report: Report, works: ReadonlyMap<string, OwnWork>) {
    this.#store = store;
    this.#report = report;
    this.#works = works;
  }

  has(name: string): boolean {
    return this.#works.has(name);
  }

  isBusy(name: string): boolean {
    return this.#works.get(name)?.isBusy === true;
  }

  begin(slot: CronSlot, later: number): void {
    const running = this.#do(slot, later).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing runs of what was begun. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Leaves what is still to be cleaned to the next slot. */
  cutCleaning(): void {
    this.#works.get(CLEAN)?.stop();
  }

  stop(): void {
    this.#stopped = true;
    for (const work of this.#works.values()) work.stop();
  }

  async #do({ cron, slot }: CronSlot, later: number): Promise<void> {
    if (later > 0) await sleep(later);
    const work = this.#works.get(cron);
    if (this.#stopped || work === undefined) return;
    try {
      const reason = await work.run();
      await this.#store.cron.end(cron, slot, "done", reason);
    } catch (error) {
      if (this.#stopped) return;
      const message = `Cannot ${work.verb} ${this.#store.name} (${cron}): ${messageOf(error)}`;
      this.#report({ name: "log.note", level: "error", message });
      await this.#store.cron.end(cron, slot, "failed", messageOf(error)).catch(() => {});
    }
  }
}
