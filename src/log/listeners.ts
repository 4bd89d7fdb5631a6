/** The functions of a program that listen to the events of its worker. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import type { Event, EventName, Report } from "./events.ts";
import { guardedReport } from "./guarded-report.ts";
import { EVENT_NAMES, Listened } from "./listened.ts";

const NONE: readonly Report[] = [];

export class Listeners {
  /** The events that the threads are to post. */
  readonly listened = new Listened();
  readonly #log: Report;
  readonly #ofName = new Map<EventName, readonly Report[]>();

  /** @param log has the first error of each listener. */
  constructor(log: Report) {
    this.#log = log;
  }

  /**
   * Calls the listener with each event of this name.
   *
   * @returns a function that ends that.
   * @throws TqError when there is no such event, or the listener is no function.
   */
  on<N extends EventName>(name: N, listener: (event: Event<N>) => void): () => void {
    if (!EVENT_NAMES.includes(name)) {
      const near = didYouMean(String(name), EVENT_NAMES);
      throw refused(`there is no event ${quote(name)}${near}`);
    }
    if (typeof listener !== "function") {
      throw refused(`the listener of ${name} cannot be ${quote(listener)}; it must be a function`);
    }
    const guarded = guardedReport(
      listener as unknown as Report,
      `the listener of ${name}`,
      this.#log,
    );
    this.#set(name, [...this.#of(name), guarded]);
    return () => this.#remove(name, guarded);
  }

  /** Calls the function `report` with each event. */
  onAll(report: Report): void {
    const guarded = guardedReport(report, "the function report", this.#log);
    for (const name of EVENT_NAMES) this.#set(name, [...this.#of(name), guarded]);
  }

  deliver(event: Event): void {
    for (const listener of this.#of(event.name)) listener(event);
  }

  #of(name: EventName): readonly Report[] {
    return this.#ofName.get(name) ?? NONE;
  }

  #remove(name: EventName, guarded: Report): void {
    this.#set(
      name,
      this.#of(name).filter((one) => one !== guarded),
    );
  }

  #set(name: EventName, listeners: readonly Report[]): void {
    this.#ofName.set(name, listeners);
    this.listened.set(name, listeners.length > 0);
  }
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot listen to the worker: ${why}`);
}
