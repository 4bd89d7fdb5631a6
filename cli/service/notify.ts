/**
 * Tells systemd, from a unit of `Type=notify`, that this process is ready, that it lives, and that it stops:
 * `man 3 sd_notify`.
 */
import { clearTimeout, setTimeout } from "../../src/clock.ts";
import type { Event, Report } from "../../src/log/events.ts";
import { takeServiceVariables } from "../../src/service-variables.ts";
import { openDatagrams, type Send } from "./datagram.ts";

/** A message that was not sent is sent again so soon. */
const AGAIN_MS = 1_000;

/** Beats in the time that `WatchdogSec=` gives: the next one is in time where one is late. */
const BEATS = 4;

/** Past the grace a stop takes this long at most: threads in native calls, and the last write. */
const AFTER_GRACE_MS = 10_000;

const MICROSECONDS = 1_000;

type Environment = Record<string, string | undefined>;

let ownSend: Send | null = null;

/** Has the `ServiceManager` of this process speak to another manager than systemd. */
export function speakBy(send: Send): void {
  ownSend = send;
}

export class ServiceManager {
  readonly #send: Send;
  readonly #beat: number;
  #unsent: string[] = [];
  #timer: Timer | null = null;
  #isReady = false;

  /** Null where no service manager asks. */
  static of(env: Environment, pid = process.pid, open = openDatagrams): ServiceManager | null {
    const taken = takeServiceVariables(env);
    if (ownSend !== null) return new ServiceManager(ownSend, 0);
    const { NOTIFY_SOCKET: path, WATCHDOG_USEC: limit, WATCHDOG_PID: watched } = taken;
    if (!path) return null;
    const send = open(path);
    if (send === null) return null;
    const isWatched = watched === undefined || Number(watched) === pid;
    return new ServiceManager(send, isWatched ? Number(limit ?? 0) / MICROSECONDS : 0);
  }

  /** @param limit the ms after which a silent process is ended; 0: it is not watched. */
  private constructor(send: Send, limit: number) {
    this.#send = send;
    this.#beat = limit > 0 ? limit / BEATS : 0;
  }

  /** A report that also tells systemd of the start and the stop of a worker. */
  following(report: Report): Report {
    return (event) => {
      report(event);
      this.#heard(event);
    };
  }

  #heard(event: Event): void {
    if (event.name === "worker.started") this.ready(`Runs tasks of ${event.database}`);
    if (event.name === "worker.stopping") this.stopping(event.grace);
  }

  ready(status: string): void {
    this.#tell(`READY=1\nSTATUS=${oneLine(status)}`);
    this.#isReady = true;
    this.#wait();
  }

  /** @param grace the ms that running tasks still have: systemd waits for them, whatever `TimeoutStopSec=` says. */
  stopping(grace: number): void {
    const longest = (grace + AFTER_GRACE_MS) * MICROSECONDS;
    this.#tell(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${longest}\nSTATUS=Stops: running tasks may end`);
  }

  end(): void {
    this.#isReady = false;
    this.#unsent = [];
    this.#wait();
  }

  #tell(text: string): void {
    this.#unsent.push(text);
    this.#flush();
    this.#wait();
  }

  /** The message that was said first goes first; others wait. */
  #flush(): void {
    while (this.#unsent[0] !== undefined && this.#send(this.#unsent[0])) this.#unsent.shift();
  }

  #wait(): void {
    const wait = this.#unsent.length > 0 ? AGAIN_MS : this.#isReady ? this.#beat : 0;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (wait === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush();
      if (this.#beat > 0 && this.#isReady) this.#send("WATCHDOG=1");
      this.#wait();
    }, wait);
    this.#timer.unref();
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
