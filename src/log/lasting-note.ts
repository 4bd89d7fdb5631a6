/** A warning about something that lasts: the log has it once, not at each look. */
import type { Report } from "./events.ts";

export class LastingNote {
  readonly #report: Report;
  #isSaid = false;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Reports the note, unless it was reported and has not been gone since. */
  say(message: string): void {
    if (!this.#isSaid) this.#report({ name: "log.note", level: "warn", message });
    this.#isSaid = true;
  }

  gone(): void {
    this.#isSaid = false;
  }
}
