/** Which events the program around a worker listens to, in memory that it shares with the worker's threads. */
import { EVENT_LEVELS, type EventName } from "./events.ts";

export const EVENT_NAMES = [...Object.keys(EVENT_LEVELS), "log.note"] as readonly EventName[];

const INDEX_OF: ReadonlyMap<EventName, number> = new Map(
  EVENT_NAMES.map((name, index) => [name, index]),
);

export class Listened {
  readonly buffer: SharedArrayBuffer;
  readonly #flags: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(EVENT_NAMES.length)) {
    this.buffer = buffer;
    this.#flags = new Uint8Array(buffer);
  }

  has(name: EventName): boolean {
    return this.#flags[INDEX_OF.get(name) ?? -1] === 1;
  }

  set(name: EventName, listened: boolean): void {
    this.#flags[INDEX_OF.get(name) ?? -1] = listened ? 1 : 0;
  }
}
