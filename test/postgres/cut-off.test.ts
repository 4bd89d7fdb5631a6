/** Hosts that are cut off while the server sends them something. */
import { expect, test } from "bun:test";
import { WorkerLife } from "../../src/postgres/worker-life.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres-server.ts";

function freePort(): number {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return listener.port;
}

needs("postgres").describe("a worker that is reached by a network", () => {
  test("is given up by the server before others may have its tasks, also where an answer is on its way", async () => {
    using folder = makeFolder();
    const port = freePort();
    const server = await startPostgres(["listen_addresses=127.0.0.1"], { port });
    try {
      const url = `postgresql://tq@127.0.0.1:${port}/postgres`;
      const store = new PostgresStore({ url, folder: folder.path });
      await store.ready();
      const options = {
        url,
        name: "shop",
        timeout: 5_000,
        lockTimeout: 0,
        application: "tq test",
        bootId: "boot",
        now: () => 1,
        learnTime: async () => {},
      };
      const life = new WorkerLife(options, { id: "w", pid: 1, threads: 1, queues: [] });
      await life.begin();
      const setting = await life.statements?.((db) => db.get("SHOW tcp_user_timeout"));
      expect(setting).toEqual({ tcp_user_timeout: "3800" });
      await life.end();
      await store.close();
    } finally {
      await server.stop();
    }
  });
});
