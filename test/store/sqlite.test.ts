/** The store on SQLite: what every store does, and what is its own. */
import { dropLock } from "../../src/store/liveness.ts";
import { commitsIn } from "../support/log.ts";
import { makeStore } from "../support/store.ts";
import { storeSuite } from "./suite.ts";

storeSuite("SqliteStore", () => {
  const test = makeStore({ bootId: "boot" });
  return {
    store: test.store,
    clock: test.clock,
    open: (options = {}) => test.open(options),
    kill: (worker) => dropLock(test.path, worker),
    commits: () => commitsIn(test.path),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
});
