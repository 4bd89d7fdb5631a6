/**
 * Notices commits by any process, in any language: the system sends an event when the WAL is written. The event comes
 * before the commit is visible, so the watch then looks for about 10 s, and again from each change of `version`.
 */
import { clearTimeout, monotonicNow, setTimeout, wallNow } from "../clock.ts";
import { type FSWatcher, watch } from "node:fs";
import { inodeOf } from "./file/identity.ts";
import type { Watch, WatchEvents } from "../store/worker-store.ts";

/** The ms between the looks after an event; the last one repeats. */
const LOOK_STEPS_MS = [0, 1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 800] as const;

/** How many times the watch looks after an event, over about 10 s. `check` finds a commit that takes longer. */
const MOST_LOOKS = 23;

/** The ms between looks where the file system sends no events. */
const BLIND_LOOK_MS = 25;

/** An event that comes this long after the last one may be a single push, which an idle thread can claim at once. */
const CALM_MS = 20;

/** The file system sends no events if a commit becomes visible this long after the watch began, without one. */
const SILENCE_MS = 250;

/** The database that is watched. */
export interface Watched {
  /** The path of its file. */
  readonly name: string;
  /** A number that changes when another connection has committed. */
  version(): Promise<number>;
}

/**
 * Bun leaves out events that come, by the wall clock, before the last one, so that a watcher is deaf once that clock was
 * set back by more than this.
 */
const SET_BACK_MS = 20;

export class CommitWatch implements Watch {
  readonly #database: Watched;
  readonly #events: WatchEvents;
  readonly #wal: string;
  #watcher: FSWatcher | null = null;
  /** The inode of the WAL that the watcher watches. */
  #inode = 0;
  #timer: Timer | null = null;
  /** The looks since the last event or change. */
  #step = 0;
  /** The version that the last look read; -1: none yet, or it failed. */
  #version = -1;
  #armed = false;
  #lastEvent = -Infinity;
  /** When the watch began, monotonic, in ms; Infinity once it has sent an event. */
  #silentSince = Infinity;
  /** True when a commit came without an event: the file system sends none. */
  #deaf = false;
  readonly #wall: () => number;
  /** The lead of the wall clock over the monotonic one when the watch began. */
  #lead = 0;
  readonly #watchFile: typeof watch;
  readonly #looks: number;
  /** True where the watch keeps its program alive. */
  readonly #persistent: boolean;

  constructor(
    database: Watched,
    events: WatchEvents,
    { watchFile = watch, looks = MOST_LOOKS, persistent = true, wall = wallNow } = {},
  ) {
    this.#database = database;
    this.#events = events;
    this.#wal = `${database.name}-wal`;
    this.#watchFile = watchFile;
    this.#persistent = persistent;
    this.#looks = looks;
    this.#wall = wall;
  }

  /**
   * Starts watching, and looks as after an event: a commit that was written before may become visible without an
   * event.
   */
  arm(): void {
    if (this.#armed && this.#watching()) return;
    this.#armed = true;
    this.#watch();
    this.#step = 1;
    this.#schedule(this.#watcher ? LOOK_STEPS_MS[1] : BLIND_LOOK_MS);
  }

  disarm(): void {
    this.#armed = false;
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Finds what events miss: a WAL that was replaced, a clock that was set back, a commit that took very long, a file system without events. */
  check(): void {
    if (!this.#armed) return;
    if (!this.#watching()) {
      this.#watch();
      this.#follow();
    } else if (!this.#timer) void this.#compare();
  }

  #watching(): boolean {
    return this.#watcher !== null && this.#inode === inodeOf(this.#wal) && !this.#isClockBack();
  }

  #isClockBack(): boolean {
    return this.#wall() - monotonicNow() < this.#lead - SET_BACK_MS;
  }

  #watch(): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#lead = this.#wall() - monotonicNow();
    try {
      this.#inode = inodeOf(this.#wal);
      this.#silentSince = monotonicNow();
      this.#watcher = this.#watchFile(this.#wal, { persistent: this.#persistent }, (event) => {
        this.#silentSince = Infinity;
        this.#deaf = false;
        this.#noteEvent();
        if (event === "rename") this.check();
        this.#follow();
      });
      this.#watcher.on("error", () => this.#watch());
    } catch {
      this.#watcher = null; // no WAL yet, or no watches left: the looks go on without
    }
  }

  #noteEvent(): void {
    const now = monotonicNow();
    if (now - this.#lastEvent > CALM_MS) this.#events.hint();
    this.#lastEvent = now;
  }

  #follow(): void {
    this.#step = 0;
    this.#schedule(LOOK_STEPS_MS[0]);
  }

  #schedule(wait: number): void {
    if (!this.#armed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (wait === 0) void this.#compare();
    else {
      this.#timer = setTimeout(() => void this.#compare(), wait);
      if (!this.#persistent) this.#timer.unref();
    }
  }

  async #compare(): Promise<void> {
    this.#timer = null;
    // A first read that fails counts as a change: the worker's look for tasks, `events.look`, then meets the error.
    const version = await this.#database.version().catch(() => -1);
    if (!this.#armed) return;
    if (this.#watcher && this.#isClockBack()) this.#watch();
    if (version !== this.#version) {
      this.#version = version;
      this.#step = 0;
      if (monotonicNow() - this.#silentSince > SILENCE_MS) this.#deaf = true;
      this.#events.look();
    }
    this.#step += 1;
    const wait = LOOK_STEPS_MS[Math.min(this.#step, LOOK_STEPS_MS.length - 1)] ?? BLIND_LOOK_MS;
    if (!this.#watcher || this.#deaf) this.#schedule(BLIND_LOOK_MS);
    else if (this.#step < this.#looks) this.#schedule(wait);
  }
}
