/** The store on PostgreSQL does what every store must. */
import { storeSuite } from "../store/suite/suite.ts";
import { makePostgres } from "../support/postgres.ts";
import { needs } from "../support/needs.ts";

needs("postgres").describe("on PostgreSQL", () => {
  storeSuite("the store", async () => {
    const made = await makePostgres({ bootId: "boot" });
    const { store, clock, database } = made;
    return {
      store,
      clock,
      open: ({ bootId } = {}) => made.open(bootId === undefined ? {} : { bootId }),
      kill: (worker) => store.killed(worker),
      commits: () => database.written(),
      [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
    };
  });
});
