/** Hands the events of a thread to the program around its worker, in groups: a message an event would cost too much. */
import { setImmediate } from "../clock.ts";
import type { Event, Report } from "../log/events.ts";
import type { Listened } from "../log/listened.ts";
import type { Listeners } from "../log/listeners.ts";
import type { Init } from "./messages.ts";

/** The most events of one message. */
const MOST_GATHERED = 500;

/** A thread drops further events while the program has so many of it that it has not read. */
const MOST_UNREAD = 100_000;

export interface PostedEventsOptions {
  /** The events that the program listens to. */
  readonly listened: Listened;
  /** One value: how many posted events the program has not read yet. */
  readonly unread: Int32Array;
  /** Receives the events as a JSON list: text crosses threads faster than objects. */
  readonly post: (events: string) => void;
  readonly log: Report;
}

export class PostedEvents {
  readonly #options: PostedEventsOptions;
  #gathered: Event[] = [];
  #scheduled = false;
  #lost = 0;

  constructor(options: PostedEventsOptions) {
    this.#options = options;
  }

  /** Posts the event at the end of this turn of the event loop, if the program listens to it. */
  add(event: Event): void {
    if (!this.#options.listened.has(event.name)) return;
    this.#gathered.push(event);
    if (this.#gathered.length >= MOST_GATHERED) return this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  /** Posts the events that were gathered so far. */
  flush(): void {
    this.#scheduled = false;
    const events = this.#gathered;
    if (events.length === 0) return;
    this.#gathered = [];
    const { unread, post } = this.#options;
    if (Atomics.load(unread, 0) + events.length > MOST_UNREAD) {
      this.#lost += events.length;
      return;
    }
    if (this.#lost > 0) this.#sayLost();
    Atomics.add(unread, 0, events.length);
    post(JSON.stringify(events));
  }

  /** The thread ends. */
  end(): void {
    this.flush();
    if (this.#lost > 0) this.#sayLost();
  }

  #sayLost(): void {
    const message = `${this.#lost} events of a thread did not reach the listeners of this program: it had ${MOST_UNREAD} that it had not read; do long work elsewhere than in its main thread`;
    this.#lost = 0;
    this.#options.log({ name: "log.note", level: "warn", message });
  }
}

/** The memory in which a new thread posts its events; null: no program can listen. */
export function eventsFor(listeners: Listeners | null): Init["events"] {
  if (listeners === null) return null;
  const unread = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return { listened: listeners.listened.buffer, unread };
}

/** The events of a message; the program has read them. */
export function readPosted(events: string, unread: Int32Array): readonly Event[] {
  const read = JSON.parse(events) as readonly Event[];
  Atomics.sub(unread, 0, read.length);
  return read;
}
