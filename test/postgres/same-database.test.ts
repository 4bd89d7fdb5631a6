/** A queue moves into another database than its own. */
import { expect } from "bun:test";
import { moveDatabase, openStore } from "../../src/open-store.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { sentenceOf } from "../support/error.ts";
import { freePort } from "../support/free-port.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { newTask } from "../support/store.ts";

needs("postgres").test(
  "a move into the same database is refused at once, by whatever name it is reached",
  async () => {
    const server = await startPostgres(["listen_addresses=127.0.0.1"], { port: freePort() });
    try {
      const port = server.environment["PGPORT"];
      const names = [server.url("postgres"), ...["127.0.0.1", "localhost"].map(hostUrl)];
      function hostUrl(host: string): string {
        return `postgresql://tq@${host}:${port}/postgres`;
      }
      const config = parseSettings({ database: { url: names[0], timeout: "60s" } }, "test"); // no wait for a lock ends before the test
      const store = openStore(config);
      await store.push([newTask()]);
      await store.close();
      for (const url of names) {
        expect(await sentenceOf(() => moveDatabase(config, url, []))).toMatch(
          /^Cannot move postgresql:\S+ to postgresql:\S+: that is the same database$/,
        );
      }
    } finally {
      await server.stop();
    }
  },
);
