/**
 * Tells idle workers of commits. A NOTIFY inside a transaction lets one transaction commit at a time, so it goes out
 * behind the commit, or alongside what comes next; commits that come meanwhile share the next one. Where it is lost, a
 * worker's next look finds what was pushed.
 */
import { sleepUnless } from "../clock.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";

export const CHANNEL = "tq";

/** The payload of a notification that tells of another version of the schema. */
export const SCHEMA_CHANGED = "schema";

export const NOTIFY = `SELECT pg_notify('${CHANNEL}', '')`;

/**
 * After the commit, so that a worker that becomes idle later finds what was pushed when it looks. It is not worth a flush of
 * the server's disk, for which what comes next on the connection would wait. With a value it is a statement that the server
 * keeps prepared.
 */
const NOTIFY_IDLE = `
  SELECT pg_notify($1, ''), set_config('synchronous_commit', 'off', true) FROM tq.worker WHERE idle LIMIT 1`;

/** Where no worker was idle, the next commits do not ask again for this long. */
const PAUSE_MS = 20;

/** @returns false where no worker was idle */
async function notifyIdle(db: Connection): Promise<boolean> {
  return (await db.get(NOTIFY_IDLE, [CHANNEL])) !== null;
}

export class Notifier {
  readonly #connections: Connections;
  #running: Promise<void> | null = null;
  #isAgain = false;
  readonly #closing = new AbortController();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  committed(): void {
    if (this.#running) this.#isAgain = true;
    else this.#start(this.#connections.alongside(notifyIdle));
  }

  /**
   * Tells of the statement that was sent last on this connection, and commits, right behind it.
   *
   * @returns false where `committed` is to be called once it is answered
   */
  committing(db: Connection): boolean {
    if (this.#running) return false;
    this.#start(notifyIdle(db));
    return true;
  }

  #start(first: Promise<boolean>): void {
    this.#running = this.#run(first).finally(() => (this.#running = null));
  }

  async #run(first: Promise<boolean>): Promise<void> {
    try {
      for (let telling = first; ; telling = this.#connections.alongside(notifyIdle)) {
        const isAnyIdle = await telling;
        if (!isAnyIdle) await sleepUnless(this.#closing.signal, PAUSE_MS);
        if (!this.#isAgain) return;
        this.#isAgain = false;
      }
    } catch {
      this.#isAgain = false; // the commit stands; the next look of a worker finds it
    }
  }

  /** Resolves when the last commits have been told. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }
}
