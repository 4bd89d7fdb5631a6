/**
 * Notices commits by any process, in any language: the system says that the WAL was written. The event comes
 * before the commit can be seen, so after one we look until `version` has changed.
 */
import { type FSWatcher, watch } from "node:fs";
import { inodeOf } from "./file/identity.ts";
import type { Watch, WatchEvents } from "../store/worker-store.ts";

/** ms between looks after an event; the last one repeats. */
const STEPS = [0, 1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 800] as const;

/** So often after an event: for 10 s. A flush that takes longer is found by `check`. */
const LOOKS = 23;

/** Where the file system sends no events: ms between looks. */
const BLIND = 25;

/** Whoever commits alone, so long after the last event, may have pushed the one task to be done: ms. */
const CALM = 20;

/** A commit that comes so long after the watch began, and yet is the first to be noticed, sent no event: ms. */
const SILENT = 250;

/** The database that is watched. */
interface Watched {
  /** Its path. */
  readonly name: string;
  /** Changes when another connection has committed. */
  version(): Promise<number>;
}

export class CommitWatch implements Watch {
  readonly #database: Watched;
  readonly #events: WatchEvents;
  readonly #wal: string;
  #watcher: FSWatcher | null = null;
  #inode = 0;
  #timer: Timer | null = null;
  #step = 0;
  #version = -1;
  #armed = false;
  #lastEvent = -Infinity;
  /** When the watch began: ms, monotonic; Infinity once it has sent an event. */
  #silentSince = Infinity;
  /** A commit came without an event: the file system sends none. */
  #deaf = false;
  readonly #watchFile: typeof watch;
  readonly #looks: number;

  constructor(database: Watched, events: WatchEvents, { watchFile = watch, looks = LOOKS } = {}) {
    this.#database = database;
    this.#events = events;
    this.#wal = `${database.name}-wal`;
    this.#watchFile = watchFile;
    this.#looks = looks;
  }

  /**
   * Watches from now on. Look once after it: what was committed before sends no event. A commit that was
   * written before and is seen only later sends none either, so we look for it as after an event.
   */
  arm(): void {
    if (this.#armed && this.#watching()) return;
    this.#armed = true;
    this.#watch();
    this.#step = 1;
    this.#schedule(this.#watcher ? STEPS[1] : BLIND);
  }

  disarm(): void {
    this.#armed = false;
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * For what the watch does not see, called now and then: a WAL that was made anew, a flush that took very
   * long, a file system that sends no events.
   */
  check(): void {
    if (!this.#armed) return;
    if (!this.#watching()) {
      this.#watch();
      this.#follow();
    } else if (!this.#timer) void this.#compare();
  }

  #watching(): boolean {
    return this.#watcher !== null && this.#inode === inodeOf(this.#wal);
  }

  #watch(): void {
    this.#watcher?.close();
    this.#watcher = null;
    try {
      this.#inode = inodeOf(this.#wal);
      this.#silentSince = performance.now();
      this.#watcher = this.#watchFile(this.#wal, { persistent: true }, (event) => {
        this.#silentSince = Infinity;
        this.#deaf = false;
        this.#noteEvent();
        if (event === "rename") this.check();
        this.#follow();
      });
      this.#watcher.on("error", () => this.#watch());
    } catch {
      this.#watcher = null; // not there yet, or no watches left: look now and then
    }
  }

  #noteEvent(): void {
    const now = performance.now();
    if (now - this.#lastEvent > CALM) this.#events.hint();
    this.#lastEvent = now;
  }

  #follow(): void {
    this.#step = 0;
    this.#schedule(STEPS[0]);
  }

  #schedule(wait: number): void {
    if (!this.#armed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (wait === 0) void this.#compare();
    else this.#timer = setTimeout(() => void this.#compare(), wait);
  }

  async #compare(): Promise<void> {
    this.#timer = null;
    const version = await this.#database.version().catch(() => -1);
    if (!this.#armed) return;
    if (version !== this.#version) {
      this.#version = version;
      this.#step = 0;
      if (performance.now() - this.#silentSince > SILENT) this.#deaf = true;
      this.#events.look();
    }
    this.#step += 1;
    const wait = STEPS[Math.min(this.#step, STEPS.length - 1)] ?? BLIND;
    if (!this.#watcher || this.#deaf) this.#schedule(BLIND);
    else if (this.#step < this.#looks) this.#schedule(wait);
  }
}
