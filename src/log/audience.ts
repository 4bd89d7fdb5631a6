/** The takers of a thread's events: its log, and the program around its worker. An event that neither takes is not made. */
import { EVENT_LEVELS, type EventName, isLogged, type Level } from "./events.ts";
import type { Listened } from "./listened.ts";

export class Audience {
  readonly #logged: ReadonlySet<EventName>;
  readonly #listened: Listened | null;

  /** @param listened null where no program can listen. */
  constructor(level: Level, listened: Listened | null = null) {
    const names = Object.keys(EVENT_LEVELS) as (keyof typeof EVENT_LEVELS)[];
    this.#logged = new Set(names.filter((name) => isLogged(EVENT_LEVELS[name], level)));
    this.#listened = listened;
  }

  hears(name: Exclude<EventName, "log.note">): boolean {
    return this.#logged.has(name) || this.#listened?.has(name) === true;
  }
}
