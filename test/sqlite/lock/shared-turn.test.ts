import { describe, expect, test } from "bun:test";
import { nextTurn } from "../../../src/next-turn.ts";
import { createTurnMemory, MainTurn, ThreadTurn } from "../../../src/sqlite/lock/shared-turn.ts";
import { UNWATCHED } from "../../support/store.ts";
import type { TurnWork } from "./turn-thread.ts";

/** A thread that has taken its work; `said` resolves with its first word. */
function startThread(work: TurnWork) {
  const worker = new Worker(new URL("./turn-thread.ts", import.meta.url).href);
  const said = Promise.withResolvers<unknown>();
  const closed = Promise.withResolvers<void>();
  worker.onmessage = ({ data }) => said.resolve(data);
  worker.onerror = ({ message }) => said.reject(new Error(message));
  worker.addEventListener("close", () => closed.resolve());
  worker.postMessage(work);
  const terminate = async (): Promise<void> => {
    worker.terminate();
    await closed.promise;
  };
  return { said: said.promise, terminate };
}

const counterOf = () => new SharedArrayBuffer(8);

describe("the turn to write", () => {
  test("is one thread's at a time, and the main thread has its share without blocking", async () => {
    const threads = 4;
    const times = 3000;
    const shared = createTurnMemory(threads);
    const counter = counterOf();
    const working = Array.from({ length: threads }, (_, index) =>
      startThread({ shared, thread: index + 1, counter, times }),
    );
    const main = new MainTurn(shared);
    const numbers = new Int32Array(counter);
    let mine = 0;
    const all = Promise.all(working.map(({ said }) => said)).then(() => true);
    while (Bun.peek.status(all) === "pending") {
      await main.take();
      numbers[0] = (numbers[0] ?? 0) + 1;
      mine += 1;
      main.free();
      await Bun.sleep(0);
    }
    expect(numbers[0]).toBe(threads * times + mine);
    expect(mine).toBeGreaterThan(0);
    await Promise.all(working.map(({ terminate }) => terminate()));
  });

  test("is one transaction's at a time among those of one thread, and the thread goes on meanwhile", async () => {
    const shared = createTurnMemory(1);
    const turn = new ThreadTurn(shared, 1, UNWATCHED);
    expect(turn.take()).toBeUndefined();
    const second = turn.take();
    expect(second).toBeInstanceOf(Promise);
    expect(turn.takeSync()).toBe(false);
    await nextTurn();
    expect(Bun.peek.status(second as Promise<void>)).toBe("pending");
    turn.free();
    await second;
    const main = new MainTurn(shared);
    expect(main.takeSync()).toBe(false);
    turn.free();
    expect(main.takeSync()).toBe(true);
  });

  test("of a thread that died is freed when the main thread forgets it, and not before", async () => {
    const shared = createTurnMemory(2);
    const main = new MainTurn(shared);
    const work = { shared, counter: counterOf() };
    const holder = startThread({ ...work, thread: 1, times: "hold" });
    expect(await holder.said).toBe("holds");
    expect(main.takeSync()).toBe(false);
    const taken = main.take();
    await holder.terminate();
    expect(main.takeSync()).toBe(false);
    main.forget(1);
    await taken;
    main.free();
    expect(main.takeSync()).toBe(true);
  });

  test("passes over a thread that died while it waited", async () => {
    const shared = createTurnMemory(2);
    const main = new MainTurn(shared);
    const first = new ThreadTurn(shared, 2, UNWATCHED);
    void first.take();
    const work = { shared, counter: counterOf() };
    const waiting = startThread({ ...work, thread: 1, times: 1 });
    // The ticket of slot 1 stands in the third pair of words.
    while (Atomics.load(shared, 4) === 0) await Bun.sleep(1);
    await waiting.terminate();
    main.forget(1);
    first.free();
    expect(main.takeSync()).toBe(true);
  });

  test("given to a thread in the moment of its death is freed as well", async () => {
    const shared = createTurnMemory(2);
    const main = new MainTurn(shared);
    const first = new ThreadTurn(shared, 2, UNWATCHED);
    for (let round = 0; round < 20; round++) {
      void first.take();
      const work = { shared, counter: counterOf() };
      const dying = startThread({ ...work, thread: 1, times: "hold" });
      while (Atomics.load(shared, 4) === 0) await Bun.sleep(1);
      const ended = dying.terminate();
      first.free();
      await ended;
      main.forget(1);
      expect(main.takeSync()).toBe(true);
      main.free();
    }
  });

  test("is not lost when the counter of the tickets wraps", async () => {
    const shared = createTurnMemory(1);
    const main = new MainTurn(shared);
    const thread = new ThreadTurn(shared, 1, UNWATCHED);
    void thread.take();
    shared[1] = -1; // the next ticket would be 0: nobody waits
    const taken = main.take();
    await Bun.sleep(0); // it waits now
    thread.free();
    await taken;
    expect(main.takeSync()).toBe(false);
  });

  test("goes to who waits longest", async () => {
    const shared = createTurnMemory(1);
    const main = new MainTurn(shared);
    const order: string[] = [];
    await main.take();
    const taking = ["a", "b", "c"].map(async (name) => {
      await main.take();
      order.push(name);
      main.free();
    });
    expect(main.takeSync()).toBe(false);
    main.free();
    await Promise.all(taking);
    expect(order).toEqual(["a", "b", "c"]);
  });
});
