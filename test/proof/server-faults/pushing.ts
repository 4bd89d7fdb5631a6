/** A program that pushes all the time, and remembers which pushes were acknowledged. */
import { PostgresStore } from "../../../src/postgres/store.ts";
import { isTqError } from "../../../src/errors.ts";
import type { NewTask } from "../../../src/task.ts";
import { newTask } from "../../support/store.ts";

export const ACCOUNTS = 1_000;

const PAUSE_MS = 60;

/** Tasks of each push. */
const CHUNK = 5;

/** Of every so many tasks one works between its writes, and one before them; the threads can do that. */
const SLOW_EVERY = 75;

/** The longest that these two work: ms. */
const SLOW_MS = 1_500;

interface Push {
  readonly asked: number;
  readonly answered: number;
  readonly keys: readonly number[];
}

export class Pushing {
  readonly acknowledged: Push[] = [];
  /** Pushes whose answer was lost: each is there as a whole, or not at all. */
  readonly uncertain: (readonly number[])[] = [];
  /** How often each refusal was met. */
  readonly refusals = new Map<string, number>();
  readonly #store: PostgresStore;
  readonly #running: Promise<void>;
  #key = 0;
  #isOver = false;
  #isPaused = false;

  constructor(url: string) {
    this.#store = new PostgresStore({ url, folder: "/", application: "tq producer" });
    this.#running = this.#run();
  }

  get keys(): readonly number[] {
    return this.acknowledged.flatMap(({ keys }) => keys);
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      if (!this.#isPaused) await this.#push();
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** Pushes so many tasks more that work before they write: they keep the workers busy for a while. */
  async pushLate(count: number): Promise<void> {
    await this.#push(count, (key) => taskOf(key, "addLate"));
  }

  async #push(count = CHUNK, toTask = (key: number) => taskOf(key)): Promise<void> {
    const keys = Array.from({ length: count }, () => (this.#key += 1));
    const asked = performance.now();
    try {
      await this.#store.push(keys.map(toTask));
      this.acknowledged.push({ asked, answered: performance.now(), keys });
    } catch (error) {
      if (isTqError(error) && error.code === "uncertain") this.uncertain.push(keys);
      const words = String(error);
      this.refusals.set(words, (this.refusals.get(words) ?? 0) + 1);
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await this.#store.close();
  }
}

function taskOf(
  key: number,
  method = ["addSlowly", "addLate"][key % SLOW_EVERY] ?? "add",
): NewTask {
  const ms = 1 + Math.floor(Math.random() * SLOW_MS);
  const amount = 1 + (key % 7);
  return newTask({
    model: "account",
    method,
    instances: 1 + Math.floor(Math.random() * ACCOUNTS),
    args: JSON.stringify(method === "add" ? [key, amount] : [key, amount, ms]),
  });
}
