/** Backs the database up at the slots of `tq.backup`. A thread of its own does it: one call of SQLite takes seconds. */
import { messageOf, TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { Config } from "../settings/config.ts";
import type { Backup, BackupEnd } from "../store/backup.ts";
import { uncountedWords } from "../store/backup-words.ts";
import type { Store } from "../store/store.ts";
import { formatSize } from "../values/size.ts";
import type { BackedUp, BackUp } from "./messages.ts";
import type { OwnWork } from "./own-work.ts";

interface BackupsOptions {
  readonly config: Config;
  readonly store: Store;
  readonly report: Report;
}

export class Backups implements OwnWork {
  readonly verb = "back up";
  readonly #options: BackupsOptions;
  #isBusy = false;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** SQLite cannot be interrupted: the copy ends with the process, or is whole before. */
  stop(): void {}

  async run(): Promise<string> {
    this.#isBusy = true;
    const { store, report } = this.#options;
    try {
      const made = await this.#inThread();
      await this.#remember(made);
      report({ name: "log.note", level: "info", message: `Backed up into ${made.path}` });
      for (const message of uncountedWords(made.uncounted)) {
        report({ name: "log.note", level: "info", message });
      }
      return doneWords(made);
    } catch (error) {
      // A backup that is missing is noticed too late: alerts tell it.
      await this.#remember({ reason: messageOf(error) });
      const words = `Cannot back up ${store.name}: ${messageOf(error)}`;
      await store.failures.trouble(words).catch(() => {}); // the log says it all the same
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  /** A copy that is there is one, whether the database says so or not. */
  async #remember(end: BackupEnd): Promise<void> {
    await this.#options.store.condition.rememberBackup(end).catch(() => {});
  }

  async #inThread(): Promise<Backup> {
    const { config } = this.#options;
    const thread = new Worker(new URL("./thread.ts", import.meta.url).href, { ref: false });
    const { promise, resolve, reject } = Promise.withResolvers<Backup>();
    thread.onmessage = ({ data }: MessageEvent<BackedUp>) => {
      if (data.backup !== undefined) resolve(data.backup);
      else reject(new TqError(data.code, data.message));
    };
    thread.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    thread.addEventListener("close", () => reject(new Error("its thread has ended")));
    thread.postMessage({ type: "back_up", config } satisfies BackUp);
    try {
      return await promise;
    } finally {
      thread.terminate();
    }
  }
}

function doneWords({ path, size, tasks, deleted, uncounted }: Backup): string {
  const count = Object.values(tasks).reduce((sum, one) => sum + one, 0);
  const words = `wrote ${path} with ${count === 1 ? "1 task" : `${count} tasks`}, ${formatSize(size)}`;
  const older = deleted.length === 0 ? [] : [`deleted ${deleted.length} older`];
  return [words, ...older, ...uncountedWords(uncounted)].join("; ");
}
