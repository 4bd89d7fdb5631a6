/** Waits for commits of other connections, by a number of the server that grows with each transaction that ends. */
import { monotonicNow, sleepUnless } from "../clock.ts";
import type { Access } from "./access.ts";

/** Between two looks at the number: a share of the time that has passed, within these bounds. */
const SHARE = 1 / 8;
const SHORTEST_MS = 1;
const LONGEST_MS = 250;

/** How many transactions that write have ended on the server: those of other databases, and those undone, too. */
const ENDED = `
  SELECT (pg_snapshot_xmax(now)::text::float8 - (SELECT count(*) FROM pg_snapshot_xip(now)))::float8 AS ended
    FROM pg_current_snapshot() AS now`;

export class Versions {
  readonly #access: Pick<Access, "brief">;
  readonly #closing = new AbortController();

  constructor(access: Pick<Access, "brief">) {
    this.#access = access;
  }

  async current(): Promise<number> {
    const row = await this.#access.brief((db) => db.get<{ ended: number }>(ENDED));
    return row?.ended ?? 0;
  }

  /** Resolves when the version is another one, after `wait` ms at the latest, and once the signal aborts. */
  async changed(version: number, wait: number, signal?: AbortSignal): Promise<void> {
    const began = monotonicNow();
    const end = AbortSignal.any(signal ? [signal, this.#closing.signal] : [this.#closing.signal]);
    for (;;) {
      if (end.aborted || (await this.current()) !== version) return;
      const passed = monotonicNow() - began;
      if (passed >= wait) return;
      const pause = Math.min(Math.max(passed * SHARE, SHORTEST_MS), LONGEST_MS, wait - passed);
      await sleepUnless(end, pause);
    }
  }

  /** Ends all waits. */
  close(): void {
    this.#closing.abort();
  }
}
