/** The engine on a store that answers late and is never steady: what it may expect of any store, and nothing more. */
import { expect, test } from "bun:test";
import { releaseLock } from "../../src/sqlite/file/liveness.ts";
import { lateStore } from "../support/late-store.ts";
import { passedOn } from "../support/run-again.ts";
import { commitsIn } from "../support/wal.ts";
import { makeStore } from "../support/store.ts";
import { storeSuite } from "./suite/suite.ts";

storeSuite("a store that answers late", () => {
  const test = makeStore({ bootId: "boot" });
  return {
    store: lateStore(test.store),
    clock: test.clock,
    open: (options = {}) => lateStore(test.open(options)),
    kill: (worker) => releaseLock(test.path, worker),
    commits: () => commitsIn(test.path),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
});

test("models, transactions, tasks, pushes and runs pass their tests on a store that answers late", async () => {
  const folders = ["model", "transaction", "tasks", "push", "run", "registry"];
  const passed = await passedOn("late", ...folders.map((name) => `test/${name}/`));
  expect(passed).toBeGreaterThan(450);
}, 300_000);
