/** A look at a server before an upgrade. */
import { expect } from "bun:test";
import { hostname } from "node:os";
import { peekAt } from "../../src/open-store.ts";
import { POSTGRES_SCHEMA_VERSION } from "../../src/postgres/schema-version.ts";
import { MIGRATIONS } from "../../src/postgres/migrate.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { VERSION } from "../../src/version.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { makeEmpty } from "./empty.ts";

function peeked(url: string) {
  return peekAt(parseSettings({ database: { url } }, "test"));
}

needs("postgres").test(
  "a look at a server tells its schema, and the workers of all hosts",
  async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.register({ id: "w1", pid: 41, threads: 1, queues: [] });
    await store.register({ id: "w2", pid: 42, threads: 1, queues: [] });
    await made.database.run(
      "UPDATE tq.worker SET host = 'shop-2', version = '0.1.0' WHERE id = 'w2'",
    );
    expect(await peeked(made.database.url)).toEqual({
      schema: POSTGRES_SCHEMA_VERSION,
      programs: [
        { pid: 41, version: VERSION, host: hostname() },
        { pid: 42, version: "0.1.0", host: "shop-2" },
      ],
    });
    expect(MIGRATIONS).toHaveLength(POSTGRES_SCHEMA_VERSION);
  },
);

needs("postgres").test("a look at a server makes nothing there", async () => {
  await using empty = await makeEmpty();
  for (let time = 0; time < 2; time++) {
    expect(await peeked(empty.url)).toEqual({ schema: 0, programs: [] });
  }
});
