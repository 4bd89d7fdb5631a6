/** Webhooks of a queue that moves from a file to PostgreSQL and back go on where they were. */
import { expect, test } from "bun:test";
import { moveDatabase, openStore } from "../../src/open-store.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { Settlement } from "../../src/outcome.ts";
import type { Store } from "../../src/store/store.ts";
import type { WebhookDefinition } from "../../src/store/webhook-store.ts";
import { type Task, WEBHOOK_CALL } from "../../src/task.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { makePostgresDatabase } from "../support/postgres.ts";
import { newTask, OWNER, pushOne } from "../support/store.ts";

const settings = (database: Record<string, unknown>) => parseSettings({ database }, "test");

const FILE = "/shop/tq.toml";

const SHOP: WebhookDefinition = {
  key: "shop 1",
  target: "shop",
  states: ["failed", "cancelled"],
  queues: ["mail*", String.raw`a%_\[x]-?`],
  tasks: [],
};

const FINISHED: Settlement = { kind: "finished", result: null, reason: null };
const FAILED: Settlement = {
  kind: "failed",
  error: { name: "Error", message: "no paper", stack: "", code: null },
};

/** @returns the id of a task that has ended so */
async function end(store: Store, outcome = FAILED, queue = "mail-1"): Promise<number> {
  const [id = 0] = await store.push([newTask({ queue })]);
  await store.write(async (session) => {
    const [task] = await session.claim({ owner: OWNER, queues: [queue], limit: 1 });
    if (task?.id !== id) throw new Error(`task ${id} is not the only one in ${queue}`);
    await session.settle(task, outcome);
  });
  return id;
}

interface Told {
  readonly id: number;
  readonly seed: string;
}

/** Ends that are told now, each with the seed of the ids of its deliveries. */
async function tell(store: Store, definition = SHOP): Promise<Told[]> {
  const told: Told[] = [];
  const delivery = ({ id }: Task, seed: string) => {
    told.push({ id, seed });
    return newTask({ model: WEBHOOK_CALL, method: "call", queue: "told" });
  };
  const follow = { origin: FILE, definitions: [definition], definition, delivery };
  while ((await store.webhooks.follow(follow)).isMore);
  return told;
}

const idsOf = (told: readonly Told[]) => told.map(({ id }) => id);

/** A file, a database and another file, through which a queue moves. */
async function makePlaces() {
  const folder = makeFolder();
  const database = await makePostgresDatabase();
  const [first, last] = [folder.file("tq.db"), folder.file("back.db")];
  const at = async (where: Record<string, unknown>, use: (store: Store) => Promise<void>) => {
    const store = openStore(settings(where));
    await use(store);
    await store.close();
  };
  return {
    database,
    inFile: (use: (store: Store) => Promise<void>) => at({ path: first }, use),
    onServer: (use: (store: Store) => Promise<void>) => at({ url: database.url }, use),
    inLastFile: (use: (store: Store) => Promise<void>) => at({ path: last }, use),
    toServer: () => moveDatabase(settings({ path: first }), database.url, []),
    toLastFile: () => moveDatabase(settings({ url: database.url }), last, []),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

needs("postgres").describe("a webhook of a queue that moves", () => {
  test("tells each end that was not told before once, in both directions", async () => {
    await using places = await makePlaces();
    const told: Told[] = [];
    const inFile: number[] = [];
    const onServer: number[] = [];
    await places.inFile(async (store) => {
      await store.webhooks.watch(FILE, [SHOP]);
      inFile.push(await end(store), await end(store));
      told.push(...(await tell(store)));
      inFile.push(await end(store));
      await end(store, FINISHED);
      await end(store, FAILED, "print");
      inFile.push(await end(store, FAILED, String.raw`a%_\[x]-3`));
    });
    await places.toServer();
    await places.onServer(async (store) => {
      told.push(...(await tell(store)));
      expect(idsOf(told)).toEqual(inFile);
      onServer.push(await end(store));
      await end(store, FINISHED);
      await end(store, FAILED, "print");
      const again = await end(store);
      await store.retry(again); // its first end is not told any more
      await store.cancel(again);
      onServer.push(again, await end(store));
    });
    await places.toLastFile();
    await places.inLastFile(async (store) => {
      expect(idsOf(await tell(store))).toEqual(onServer);
      expect(await tell(store)).toEqual([]);
      const last = await end(store);
      told.push(...(await tell(store)));
      expect(told.at(-1)?.id).toBe(last);
    });
    expect(new Set(told.map(({ seed }) => seed)).size).toBe(1);
  });

  test("tells what ends before its first worker has started", async () => {
    await using places = await makePlaces();
    await places.inFile((store) => store.webhooks.watch(FILE, [SHOP]));
    await places.toServer();
    await places.onServer(async (store) => {
      const ids = await store.push(
        ["mail-1", "print", "mail-2"].map((queue) => newTask({ queue })),
      );
      for (const id of ids) await store.cancel(id);
      expect(idsOf(await tell(store))).toEqual([ids[0], ids[2]] as number[]);
    });
  });

  test("tells by its patterns of the other database from then on", async () => {
    await using places = await makePlaces();
    await places.inFile((store) => store.webhooks.watch(FILE, [SHOP]));
    await places.toServer();
    await places.onServer(async (store) => {
      await store.webhooks.watch(FILE, [SHOP]);
      await end(store, FAILED, "aXXx-3");
      const wanted = await end(store, FAILED, String.raw`a%_\[x]-3`);
      expect(idsOf(await tell(store))).toEqual([wanted]);
    });
  });

  test("goes on where it was though it wants something else since", async () => {
    await using places = await makePlaces();
    const finished: number[] = [];
    const other: WebhookDefinition = { ...SHOP, key: "shop 2", states: ["finished"] };
    await places.inFile(async (store) => {
      await store.webhooks.watch(FILE, [SHOP]);
      await end(store);
      finished.push(await end(store, FINISHED));
    });
    await places.toServer();
    await places.onServer(async (store) => {
      expect(idsOf(await tell(store, other))).toEqual(finished);
      finished.push(await end(store, FINISHED));
    });
    await places.toLastFile();
    await places.inLastFile(async (store) => {
      expect(idsOf(await tell(store, other))).toEqual(finished.slice(1));
    });
  });

  test("moves back before a worker has said what it wants", async () => {
    await using places = await makePlaces();
    const ids: number[] = [];
    await places.inFile(async (store) => {
      await store.webhooks.watch(FILE, [SHOP]);
      ids.push(await end(store));
      await end(store, FINISHED);
    });
    await places.toServer();
    await places.onServer(async (store) => {
      const [id = 0] = await store.push([newTask({ queue: "mail-1" })]);
      await store.cancel(id);
      ids.push(id);
    });
    await places.toLastFile();
    await places.inLastFile(async (store) => expect(idsOf(await tell(store))).toEqual(ids));
  });

  test("tells an end once that the server had noted twice", async () => {
    await using places = await makePlaces();
    const ids: number[] = [];
    await places.onServer(async (store) => {
      await store.webhooks.watch(FILE, [SHOP]);
      ids.push(await end(store));
    });
    await places.database.run(
      "INSERT INTO tq.ended (task, ended_at) SELECT task, ended_at FROM tq.ended",
    );
    await places.toLastFile();
    await places.inLastFile(async (store) => expect(idsOf(await tell(store))).toEqual(ids));
  });

  test("stays that of its file, which may withdraw it", async () => {
    await using places = await makePlaces();
    await places.inFile(async (store) => {
      await store.webhooks.watch(FILE, [SHOP]);
      await store.cancel(await pushOne(store, { queue: "mail" }));
    });
    await places.toServer();
    await places.onServer(async (store) => {
      expect(await store.webhooks.isWanted("shop")).toBe(true);
      await store.webhooks.watch(FILE, []);
      expect(await store.webhooks.isWanted("shop")).toBe(false);
    });
  });
});
