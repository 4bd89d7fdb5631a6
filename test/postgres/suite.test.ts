/** The store on PostgreSQL does what every store must. */
import { storeSuite } from "../store/suite/suite.ts";
import { makePostgres } from "../support/postgres.ts";
import { needs } from "../support/needs.ts";

needs("postgres").describe("on PostgreSQL", () => {
  storeSuite("the store", async () => {
    const made = await makePostgres({ bootId: "boot" });
    const { clock, database } = made;
    const store = made.store.silence();
    return {
      store,
      clock,
      open: ({ bootId } = {}) => made.open(bootId === undefined ? {} : { bootId }).silence(),
      kill: (worker) => store.killed(worker),
      commits: () => database.written(),
      [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
    };
  });
});
