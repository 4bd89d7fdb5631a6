/**
 * Tells idle workers of commits. A NOTIFY inside a transaction lets one transaction commit at a time, so it goes out
 * after the commit, on another connection; commits that come meanwhile share the next one. Where it is lost, a worker's
 * next look finds what was pushed.
 */
import type { Connections } from "./connections.ts";

export const CHANNEL = "tq";

export const NOTIFY = `SELECT pg_notify('${CHANNEL}', '')`;

export class Notifier {
  readonly #connections: Connections;
  #running: Promise<void> | null = null;
  #isAgain = false;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  committed(): void {
    this.#isAgain = true;
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  async #run(): Promise<void> {
    while (this.#isAgain) {
      this.#isAgain = false;
      try {
        const connection = await this.#connections.take();
        try {
          await connection.get(NOTIFY);
        } finally {
          this.#connections.give(connection);
        }
      } catch {
        return; // the commit stands; the next look of a worker finds it
      }
    }
  }

  /** Resolves when the last commits have been told. */
  async close(): Promise<void> {
    await this.#running;
  }
}
