/**
 * Shows what runs say while they run. A thread may be busy for long without a turn of its event loop, so it only posts
 * what it has to show to its main thread, which writes it: a few times a second at most.
 */
import { clearTimeout, setTimeout } from "../clock.ts";
import type { Owner } from "../store/session.ts";
import type { LiveOutput, OutputRun } from "../store/task-output.ts";
import type { Access } from "./access.ts";
import { appendLive, showLive } from "./sql/live-output.ts";

/** The pause between two writes of what a thread shows. */
const WRITE_EVERY_MS = 250;

/** A post of a thread to its main thread. */
interface Posted {
  readonly owner: Owner;
  readonly run: OutputRun;
  readonly text: string;
  /** True: it replaces all that the run has said before. */
  readonly isWhole: boolean;
}

/** A channel that does not keep its thread alive. */
function openChannel(name: string): BroadcastChannel {
  const channel = new BroadcastChannel(name);
  (channel as BroadcastChannel & { unref(): void }).unref(); // the types of Bun lack it
  return channel;
}

/** Of a thread: it posts what it has to show. */
export class ThreadLiveOutput implements LiveOutput {
  readonly #channel: BroadcastChannel;
  readonly #owner: Owner;
  #run: OutputRun = { id: 0, attempt: 0, claim: 0 };
  #hasPosted = false;

  constructor(channel: string, owner: Owner) {
    this.#channel = openChannel(channel);
    this.#owner = owner;
  }

  begin(run: OutputRun): void {
    this.#run = run;
    this.#hasPosted = false;
  }

  append(text: string): boolean {
    return this.#post(text, !this.#hasPosted);
  }

  replace(text: string): boolean {
    return this.#post(text, true);
  }

  close(): void {
    this.#channel.close();
  }

  #post(text: string, isWhole: boolean): boolean {
    const posted: Posted = { owner: this.#owner, run: this.#run, text, isWhole };
    this.#channel.postMessage(posted);
    this.#hasPosted = true;
    return true;
  }
}

/** Of the main thread: it writes what its threads post. */
export class LiveOutputs {
  readonly #access: Access;
  readonly #threads = new Set<Shower>();

  constructor(access: Access) {
    this.#access = access;
  }

  /** Takes what the thread of this channel posts until it is disposed of. */
  listen(name: string): Disposable {
    const shower = new Shower(this.#access);
    this.#threads.add(shower);
    const channel = openChannel(name);
    channel.onmessage = ({ data }) => shower.add(data as Posted);
    return {
      [Symbol.dispose]: () => {
        channel.close();
        void shower.written().finally(() => this.#threads.delete(shower));
      },
    };
  }

  /** Resolves when all that was posted so far is written, or cannot be. */
  async written(): Promise<void> {
    await Promise.all([...this.#threads].map((shower) => shower.written()));
  }
}

/** Writes what one thread shows. */
class Shower {
  readonly #access: Access;
  /** The last post; null: none yet. */
  #last: Posted | null = null;
  /** All that its run has shown. */
  #whole = "";
  /** The part of it that is not written yet; null: all of it is to be written anew. */
  #more: string | null = "";
  #timer: Timer | null = null;
  #writing: Promise<void> | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  add(posted: Posted): void {
    this.#last = posted;
    this.#whole = posted.isWhole ? posted.text : this.#whole + posted.text;
    if (posted.isWhole) this.#more = null;
    else if (this.#more !== null) this.#more += posted.text;
    this.#writeLater();
  }

  #writeLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#writing) this.#writeLater();
      else void this.#write();
    }, WRITE_EVERY_MS).unref();
  }

  #write(): Promise<void> {
    const [last, more, whole] = [this.#last, this.#more, this.#whole];
    if (last === null || more === "") return Promise.resolve();
    this.#more = "";
    const writing = this.#show(last, more, whole).finally(() => (this.#writing = null));
    return (this.#writing = writing);
  }

  /** The lines are kept with the run where they cannot be shown. */
  async #show({ owner, run }: Posted, more: string | null, whole: string): Promise<void> {
    try {
      await this.#access.read(async (db) => {
        const isAdded = more !== null && (await appendLive(db, owner, { ...run, text: more }));
        if (!isAdded) await showLive(db, owner, { ...run, text: whole });
      });
    } catch {
      this.#more = null; // with the next lines
    }
  }

  async written(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#writing;
    await this.#write();
  }
}
