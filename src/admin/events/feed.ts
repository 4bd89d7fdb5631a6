/**
 * The event streams of a server. After a commit, whoever made it, one look at the database serves all of them: a page is
 * read once for all streams at the same place, and its text is shared.
 */
import { TqError } from "../../errors.ts";
import type { Caller } from "../access/tokens.ts";
import { leaveGarbage } from "../garbage.ts";
import type { Report } from "../../log/events.ts";
import { quote } from "../../quote.ts";
import type { Store } from "../../store/store.ts";
import {
  type AdminEvent,
  type EventFilter,
  type Look,
  lookAt,
  newest,
  readPage,
  skipTo,
  textOf,
  unknownPlace,
} from "./page.ts";
import { idOf, keyOf, type Position } from "./position.ts";

const MOST_STREAMS = 2_048;

/** The streams of one token: others find some. */
const MOST_OF_TOKEN = MOST_STREAMS / 2;

/** A stream whose client has not taken this many bytes is told no more until it has. */
const MOST_WAITING_BYTES = 16_384;

export const HEARTBEAT_MS = 15_000;

/** Clients connect again after this time. */
const RETRY_MS = 2_000;

/** The feed rests after each look, for the larger of these: commits may come without a pause. */
const REST_MS = 20;
const REST_TIMES = 4;

/** A stream rests for so long after each event that was read for it: it is told at most some hundred a second. */
const REST_EACH_MS = 2.5;

/** Time between two looks without a commit: pauses end by themselves, and the file may have been deleted. */
const LOOK_MS = 1_000;

/** Pages that one look reads: clients that come back may all be at places of their own. */
const MOST_PAGES = 50;

/** Bytes of garbage that a stream leaves each time it is told something: promises, and what the socket makes of a text. */
const GARBAGE_EACH = 10_000;

/** Bytes of garbage that the request for a stream leaves. */
const GARBAGE_OPENED = 40_000;

interface Stream {
  position: Position;
  /** It came back for all that happened before this place: nothing of that is left out. */
  target: Position | null;
  /** It is told nothing before this time of `performance.now()`. */
  restsUntil: number;
  readonly caller: Caller;
  readonly filter: EventFilter;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
}

export interface FeedOptions {
  readonly store: Store;
  readonly report?: Report | undefined;
  /** False once its token is removed or has lost the role, or its session has ended. */
  readonly stillMay: (caller: Caller) => Promise<boolean>;
}

const encoder = new TextEncoder();

export class Feed {
  readonly #options: FeedOptions;
  readonly #streams = new Set<Stream>();
  #isClosed = false;
  #isRunning = false;
  /** Ends the wait for a commit early. */
  #wake = new AbortController();
  #stopHeart: (() => void) | null = null;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * @param caller the stream ends when it may not read any more.
   * @param from the place after which it goes on; null: it begins with what happens from now on.
   */
  async open(
    caller: Caller,
    filter: EventFilter,
    from: Position | null,
  ): Promise<ReadableStream<Uint8Array>> {
    const { store } = this.#options;
    const look = await lookAt(store);
    const target = await newest(store, look);
    this.#checkRoom(caller);
    const unknown = from && unknownPlace(from, target, look);
    const position = unknown?.position ?? from ?? target;
    const first = `retry: ${RETRY_MS}\nid: ${idOf(position)}\n\n`;
    const text = unknown ? first + textOf([unknown.event], filter) : first;
    let stream: Stream;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const place = { position, target: from && target, restsUntil: 0 };
          stream = { ...place, caller, filter, controller };
          controller.enqueue(encoder.encode(text));
          leaveGarbage(GARBAGE_OPENED);
          this.#add(stream);
        },
        pull: () => this.#wake.abort(), // its client has taken what was sent
        cancel: () => this.#remove(stream),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING_BYTES }),
    );
  }

  #checkRoom({ digest, name }: Caller): void {
    if (this.#isClosed)
      throw new TqError("busy", "Cannot open a stream of events: the server stops");
    let own = 0; // counted without garbage: 2,000 may come at once
    for (const { caller } of this.#streams) if (caller.digest === digest) own += 1;
    if (this.#streams.size < MOST_STREAMS && own < MOST_OF_TOKEN) return;
    const open =
      own < MOST_OF_TOKEN ? `${MOST_STREAMS} are` : `${own} of the token ${quote(name)} are`;
    const advice = "close some, or try again later";
    throw new TqError("busy", `Cannot open a stream of events: ${open} open; ${advice}`);
  }

  #add(stream: Stream): void {
    this.#streams.add(stream);
    if (this.#isRunning) this.#wake.abort();
    else void this.#run();
    this.#stopHeart ??= this.#options.store.after(HEARTBEAT_MS, () => this.#beat());
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#rest();
  }

  #rest(): void {
    this.#stopHeart?.();
    this.#stopHeart = null;
    this.#wake.abort();
  }

  /** Ends all streams; their clients come back to another server. */
  close(): void {
    this.#isClosed = true;
    this.#endAll();
  }

  #endAll(): void {
    for (const { controller } of this.#streams) controller.close();
    this.#streams.clear();
    this.#rest();
  }

  /** A comment keeps the connection; the id lets a client that has heard nothing for long go on from here. */
  #beat(): void {
    for (const stream of this.#streams) {
      if (isFree(stream)) send(stream, `: tq\nid: ${idOf(stream.position)}\n\n`);
    }
    this.#stopHeart = this.#options.store.after(HEARTBEAT_MS, () => this.#beat());
  }

  /** Never rejects: all streams end with what fails here, and their clients learn of it when they come back. */
  async #run(): Promise<void> {
    const { store, report } = this.#options;
    this.#isRunning = true;
    try {
      while (this.#streams.size > 0) {
        this.#wake = new AbortController();
        const version = await store.version();
        const started = performance.now();
        await this.#dismiss();
        const isMore = await this.#tell();
        const took = performance.now() - started;
        await Bun.sleep(Math.max(took * REST_TIMES, REST_MS));
        if (this.#streams.size === 0) break;
        const wait = isMore ? 0 : this.#untilNextLook();
        if (wait > 0) await store.changed(version, wait, this.#wake.signal);
        await store.check();
      }
    } catch (error) {
      const message = `Cannot read events: ${error instanceof Error ? error.message : String(error)}`;
      report?.({ name: "log.note", level: "error", message });
      this.#endAll();
    } finally {
      this.#isRunning = false;
    }
    if (this.#streams.size > 0) void this.#run(); // one came while the last one went
  }

  /** Ends the streams of callers that may not read any more. Each token is looked at once. */
  async #dismiss(): Promise<void> {
    const groups = Map.groupBy(this.#streams, ({ caller }) =>
      [caller.digest, caller.until, caller.session].join(" "),
    );
    for (const [one, ...others] of groups.values()) {
      if (one === undefined || (await this.#options.stillMay(one.caller))) continue;
      for (const stream of [one, ...others]) {
        if (this.#streams.delete(stream)) stream.controller.close();
      }
    }
    if (this.#streams.size === 0) this.#rest();
  }

  /** How long to wait for a commit at most, in ms: until a stream has rested. */
  #untilNextLook(): number {
    const now = performance.now();
    let wait = LOOK_MS;
    for (const stream of this.#streams) {
      const isResting = stream.restsUntil > 0 && isFree(stream);
      if (isResting) wait = Math.min(wait, stream.restsUntil - now);
    }
    return wait;
  }

  /** @returns true where some streams had no turn. */
  async #tell(): Promise<boolean> {
    const look = await lookAt(this.#options.store);
    const now = performance.now();
    const rested = [...this.#streams].filter((it) => isFree(it) && it.restsUntil <= now);
    const groups = [...Map.groupBy(rested, groupOf).values()];
    // The largest first: smaller groups that come to the same place join it.
    groups.sort((a, b) => b.length - a.length);
    let head: Position | null = null;
    for (const group of groups.slice(0, MOST_PAGES)) {
      const { events, next, isFull } = await this.#pageOf(group, look);
      const place: Position = !isFull && head !== null && isSamePlace(head, next) ? head : next;
      this.#move(group, events, place);
      if (!isFull) head ??= next;
    }
    return groups.length > MOST_PAGES;
  }

  #move(group: readonly Stream[], events: readonly AdminEvent[], next: Position): void {
    const texts = new Map<string, Uint8Array>();
    const restsUntil = events.length === 0 ? 0 : performance.now() + events.length * REST_EACH_MS;
    for (const stream of group) {
      if (!this.#streams.has(stream)) continue; // its client went away meanwhile
      stream.position = next;
      stream.restsUntil = restsUntil;
      const { filter, controller } = stream;
      let text = texts.get(filter.key);
      if (!text) texts.set(filter.key, (text = encoder.encode(textOf(events, filter))));
      if (text.length > 0) controller.enqueue(text);
    }
    if (events.length > 0) leaveGarbage(group.length * GARBAGE_EACH);
  }

  async #pageOf(group: readonly Stream[], look: Look) {
    const { store } = this.#options;
    const [{ position, target } = { position: null, target: null }] = group;
    if (position === null) throw new Error("a group has a stream");
    const page = await readPage(store, position, look);
    if (!page.isFull) {
      for (const stream of group) stream.target = null;
      return page;
    }
    if (target !== null && isBefore(page.next, target)) return page;
    for (const stream of group) stream.target = null;
    const skipped = await skipTo(store, page.next, look);
    return { events: [...page.events, ...skipped.events], next: skipped.next, isFull: false };
  }
}

/** Streams that catch up may share a place with those that leave out what is too much. */
function groupOf({ position, target }: Stream): string {
  return `${keyOf(position)} ${target === null ? "" : idOf(target)}`;
}

function isBefore(position: Position, target: Position): boolean {
  return position.pushed < target.pushed || position.endedAt < target.endedAt;
}

function isSamePlace(one: Position, other: Position): boolean {
  return idOf(one) === idOf(other);
}

/** Streams whose clients are slow stay where they are. */
function isFree({ controller }: Stream): boolean {
  return (controller.desiredSize ?? 0) > 0;
}

function send({ controller }: Stream, text: string): void {
  controller.enqueue(encoder.encode(text));
}
