/** The engine on a store that answers late and is never steady: what it may expect of any store, and nothing more. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { releaseLock } from "../../src/sqlite/file/liveness.ts";
import { lateStore } from "../support/late-store.ts";
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
  const tests = Bun.spawn([process.execPath, "test", ...folders.map((name) => `test/${name}/`)], {
    cwd: join(import.meta.dir, "../.."),
    env: { ...process.env, TQ_TEST_STORE: "late" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, code] = await Promise.all([new Response(tests.stderr).text(), tests.exited]);
  const failed = output.split("\n").filter((line) => line.startsWith("(fail)"));
  expect(failed).toEqual([]);
  expect(code).toBe(0);
  const passed = Number(/^\s*(\d+) pass$/m.exec(output)?.[1]);
  expect(passed).toBeGreaterThan(450);
}, 300_000);
