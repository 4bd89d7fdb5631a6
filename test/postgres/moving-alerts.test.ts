/** Alerts of a queue that moves from a file to PostgreSQL and back. */
import { expect } from "bun:test";
import { moveDatabase, openStore } from "../../src/open-store.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { AlertDefinition } from "../../src/store/failure-store.ts";
import type { Store } from "../../src/store/store.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { makePostgresDatabase } from "../support/postgres.ts";
import { newTask, OWNER } from "../support/store.ts";

const settings = (database: Record<string, unknown>) => parseSettings({ database }, "test");

const ORIGIN = "/srv/tq.toml";
const ODD_QUEUE = String.raw`a%_\[x]-3`;
const ALERT: AlertDefinition = {
  key: "command 1",
  queues: [String.raw`a%_\[x]-?`, "größe*"],
  tasks: [],
};

/** Fails a task that the alert wants, and one that it does not. */
async function failTasks(store: Store): Promise<void> {
  await store.push([newTask({ queue: ODD_QUEUE }), newTask({ queue: "aXXx-3" })]);
  const error = { name: "Error", message: "out of paper", stack: "", code: null };
  await store.write(async (session) => {
    const queues = [ODD_QUEUE, "aXXx-3"];
    for (const task of await session.claim({ owner: OWNER, queues, limit: 2 })) {
      await session.settle(task, { kind: "failed", error });
    }
  });
}

async function untold(store: Store) {
  const take = { worker: OWNER.worker, channel: ALERT.key, origin: ORIGIN, definitions: [ALERT] };
  const taken = await store.failures.take({ ...take, every: 0, limit: 100 });
  return taken.kind === "alert" ? taken.failures.map(({ queue }) => queue) : taken.kind;
}

needs("postgres").test(
  "failures that no alert has told yet are told after a move, in both directions",
  async () => {
    using folder = makeFolder();
    await using database = await makePostgresDatabase();
    const [path, back] = [folder.file("tq.db"), folder.file("back.db")];
    const open = (where: Record<string, unknown>) => openStore(settings(where));
    const store = open({ path });
    await store.failures.watch(ORIGIN, [ALERT]);
    await failTasks(store);
    await store.close();
    await moveDatabase(settings({ path }), database.url, []);
    const server = open({ url: database.url });
    await failTasks(server); // by the patterns that have moved
    await server.close();
    await moveDatabase(settings({ url: database.url }), back, []);
    const file = open({ path: back });
    expect(await untold(file)).toEqual([ODD_QUEUE, ODD_QUEUE]);
    await failTasks(file);
    await file.failures.told(OWNER.worker, ALERT.key, 2, true);
    expect(await untold(file)).toEqual([ODD_QUEUE]);
    await file.close();
  },
);
