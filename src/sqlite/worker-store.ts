/**
 * The store of a worker on SQLite: its threads share the turn to write, and flush with descriptors of the main thread.
 */
import type {
  Lent,
  ThreadStore,
  ThreadStoreOptions,
  TurnTimes,
  Watch,
  WatchEvents,
  WorkerStore,
} from "../store/worker-store.ts";
import type { Owner } from "../store/session.ts";
import type { LiveOutput } from "../store/task-output.ts";
import { CommitWatch } from "./commit-watch.ts";
import type { SqliteOptions } from "./database.ts";
import { closeWal, openWal, type WalFiles } from "./file/flush.ts";
import { LiveFile } from "./file/live-output.ts";
import type { KeptFiles } from "./lock/kept-locks.ts";
import { createTurnMemory, MainTurn, ThreadTurn } from "./lock/shared-turn.ts";
import { SqliteStore } from "./store.ts";

/** The part that the main thread lends to a thread. */
interface Part {
  readonly turn: Int32Array;
  /** Null, as `kept`: the thread opens its own. */
  readonly wal: WalFiles | null;
  readonly kept: KeptFiles | null;
}

export class SqliteWorkerStore extends SqliteStore implements WorkerStore {
  readonly #memory: Int32Array;
  readonly #turn: MainTurn;

  /** @throws TqError when the file cannot be used. */
  constructor(options: SqliteOptions, threads: number) {
    const memory = createTurnMemory(threads);
    const turn = new MainTurn(memory);
    super({ ...options, turn });
    this.#memory = memory;
    this.#turn = turn;
  }

  lend(thread: number): Lent {
    const wal = this.#openWal();
    const part: Part = { turn: this.#memory, wal, kept: this.kept.files };
    return {
      part,
      [Symbol.dispose]: () => {
        if (wal !== null) closeWal(wal);
        this.#turn.forget(thread);
      },
    };
  }

  /** A terminated thread closes nothing, so the main thread owns the descriptors that the thread flushes with. */
  #openWal(): WalFiles | null {
    if (this.options.durability !== "full") return null;
    try {
      return openWal(this.name);
    } catch {
      return null; // the thread tries again, and reports why it cannot
    }
  }

  watch(events: WatchEvents): Watch {
    return new CommitWatch(this, events);
  }
}

export class SqliteThreadStore extends SqliteStore implements ThreadStore {
  readonly turns: TurnTimes;

  /** @throws TqError when the file cannot be used. */
  constructor(options: SqliteOptions, { thread, part, locks }: ThreadStoreOptions) {
    const { turn: memory, wal, kept } = part as Part;
    const turn = new ThreadTurn(memory, thread, locks);
    super({ ...options, turn, wal, kept, blocking: true });
    this.turns = turn.times;
  }

  liveOutput(owner: Owner): LiveOutput {
    return new LiveFile(this.name, owner);
  }
}
