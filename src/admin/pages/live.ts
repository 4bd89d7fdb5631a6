/**
 * Tells open pages that something was committed: each then fetches itself anew. The streams say no more than that, so
 * they need no filter and no place to go on from.
 */
import type { Store } from "../../store/store.ts";

/** A page is told at most so often, in ms: it fetches all that it shows. */
const REST_MS = 1_000;

/** A comment after so long keeps the connection, and finds those that are gone. */
const BEAT_MS = 15_000;

/** Browsers have six connections to a server: more streams than this leave none for the pages. */
export const MOST_OF_SESSION = 4;

const MOST_STREAMS = 1_024;

interface Stream {
  readonly session: string;
  readonly stillMay: () => Promise<boolean>;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
}

const encoder = new TextEncoder();
const FIRST = encoder.encode("retry: 1000\n\n");
const CHANGED = encoder.encode("event: changed\ndata:\n\n");
const BEAT = encoder.encode(": tq\n\n");

export class Live {
  readonly #store: Store;
  readonly #streams = new Set<Stream>();
  readonly #closing = new AbortController();
  #isRunning = false;
  /** True once the commits from now on are told: a page that is told so looks for those before. */
  #isTelling = false;
  #endRest: () => void = () => {};

  /** @param closing aborts when the server stops: all streams end. */
  constructor(store: Store, closing?: AbortSignal) {
    this.#store = store;
    closing?.addEventListener("abort", () => this.#close());
  }

  /**
   * @param stillMay false once its session is over, or may not look any more: the stream ends then.
   * @returns null where this session, or all sessions, have enough of them: such a page asks by itself.
   */
  open(session: string, stillMay = async () => true): ReadableStream<Uint8Array> | null {
    const own = [...this.#streams].filter((stream) => stream.session === session).length;
    const isFull = own >= MOST_OF_SESSION || this.#streams.size >= MOST_STREAMS;
    if (isFull || this.#closing.signal.aborted) return null;
    let stream: Stream;
    return new ReadableStream({
      start: (controller) => {
        stream = { session, stillMay, controller };
        this.#streams.add(stream);
        if (this.#isTelling) controller.enqueue(FIRST);
        else if (!this.#isRunning) void this.#run();
      },
      cancel: () => {
        this.#streams.delete(stream);
      },
    });
  }

  /** Ends the streams of a session that was signed out. */
  end(session: string | undefined): void {
    for (const stream of this.#streams) if (stream.session === session) this.#end(stream);
  }

  #end(stream: Stream): void {
    if (this.#streams.delete(stream)) stream.controller.close();
  }

  /** Each session is asked once. */
  async #dismiss(): Promise<void> {
    for (const streams of Map.groupBy(this.#streams, ({ session }) => session).values()) {
      if ((await streams[0]?.stillMay()) === false) for (const stream of streams) this.#end(stream);
    }
  }

  #close(): void {
    this.#closing.abort();
    this.#endAll();
    this.#endRest();
  }

  #endAll(): void {
    for (const { controller } of this.#streams) controller.close();
    this.#streams.clear();
  }

  #tell(text: Uint8Array): void {
    for (const { controller } of this.#streams) {
      // A page that has not yet taken what it was told knows that it is old.
      if ((controller.desiredSize ?? 0) > 0) controller.enqueue(text);
    }
  }

  /** Never rejects. Where the database cannot be read all streams end: the pages ask by themselves, and say why. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      let told = await this.#store.version();
      this.#isTelling = true;
      for (const { controller } of this.#streams) controller.enqueue(FIRST);
      while (this.#streams.size > 0) {
        await this.#store.changed(told, BEAT_MS, this.#closing.signal);
        const version = await this.#store.version();
        await this.#dismiss(); // another process on this database may have signed one out
        this.#tell(version === told ? BEAT : CHANGED);
        told = version; // a commit while it rests is told after that
        await this.#rest();
      }
    } catch {
      this.#endAll();
    } finally {
      this.#isRunning = false;
      this.#isTelling = false;
    }
  }

  #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#store.after(REST_MS, resolve);
    this.#endRest = () => {
      stop();
      resolve();
    };
    return promise;
  }
}
