/** Which ends of tasks webhooks tell: each once, whoever looks, and whatever the clock does. */
import { describe, expect, test } from "bun:test";
import type { Store } from "../../../src/store/store.ts";
import type { WebhookDefinition, WebhookFollow } from "../../../src/store/webhook-store.ts";
import { type Task, WEBHOOK_CALL } from "../../../src/task.ts";
import { cancelAll, claim, newTask, OWNER, pushOne } from "../../support/store.ts";
import { clock, ERROR, fail, finish, store, subject } from "./subject.ts";

const FILE = "/shop/tq.toml";
const QUEUE = "told";

const SHOP: WebhookDefinition = {
  key: "shop 1",
  target: "shop",
  states: ["failed", "finished", "cancelled"],
  queues: [],
  tasks: [],
};

interface Asked {
  readonly of?: Store;
  readonly origin?: string;
  readonly definitions?: readonly WebhookDefinition[];
}

const delivery = (task: Task, seed: string) =>
  newTask({
    model: WEBHOOK_CALL,
    method: "call",
    instances: [],
    queue: QUEUE,
    args: JSON.stringify([task.id, task.state, seed]),
  });

function follow(definition = SHOP, asked: Asked = {}) {
  const { of = store, origin = FILE, definitions = [definition] } = asked;
  const wanted: WebhookFollow = { origin, definitions, definition, delivery };
  return of.webhooks.follow(wanted);
}

async function followAll(definition = SHOP, asked: Asked = {}): Promise<number> {
  let pushed = 0;
  for (let isMore = true; isMore;) {
    const followed = await follow(definition, asked);
    pushed += followed.pushed;
    ({ isMore } = followed);
  }
  return pushed;
}

/** The tasks that deliveries tell, in the order of their push. */
async function told(): Promise<number[]> {
  const deliveries = await store.list({ queue: QUEUE, limit: 1_000 });
  return deliveries.sort((a, b) => a.id - b.id).map(({ args }) => (args as unknown[])[0] as number);
}

/** Ends tasks, each in a ms of its own. */
async function endMany(count: number, end = finish, queue = "default"): Promise<number[]> {
  const ids = await store.push(Array.from({ length: count }, () => newTask({ queue })));
  for (const task of await claim(store, { limit: count, queues: [queue] })) {
    await end(task);
    clock.advance(1);
  }
  return ids;
}

async function endOne(end = finish): Promise<number> {
  const [id = 0] = await endMany(1, end);
  return id;
}

export function webhookTests(): void {
  describe("webhooks", () => {
    test("tell each end once from now on, in the order of the ends", async () => {
      await endOne();
      await store.webhooks.watch(FILE, [SHOP]);
      const finished = await endOne();
      const failed = await endOne((task) => fail(task));
      const cancelled = await pushOne(store);
      await store.cancel(cancelled);
      expect(await follow()).toEqual({ pushed: 3, isMore: false });
      expect(await told()).toEqual([finished, failed, cancelled]);
      expect(await follow()).toEqual({ pushed: 0, isMore: false });
    });

    test("are waited for until there is an end to tell, and no longer than until the signal", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      const wait = (signal: AbortSignal, version: number) =>
        store.webhooks.changed(version, [SHOP.key], 20_000, signal);
      const stop = new AbortController();
      const stopped = wait(stop.signal, await store.webhooks.version());
      stop.abort();
      await stopped;
      const version = await store.webhooks.version();
      const changed = wait(new AbortController().signal, version);
      const other = subject.open();
      const id = await pushOne(other);
      await other.cancel(id);
      await changed;
      expect(await follow()).toEqual({ pushed: 1, isMore: false });
    });

    test("tell an end in whichever way it came about", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      const settled = [
        { kind: "finished", result: null, reason: null },
        { kind: "failed", error: ERROR },
        { kind: "cancelled", reason: "no need" },
        { kind: "cancelled", reason: "too late", neverRan: true },
        { kind: "crashed", reason: "exit 7", maxCrashes: 1 },
      ] as const;
      await store.push(Array.from({ length: settled.length + 5 }, () => newTask()));
      const tasks = await claim(store, { limit: settled.length + 3 });
      const rest = tasks.slice(settled.length);
      for (const [at, outcome] of settled.entries()) {
        const task = tasks[at];
        if (task) await store.write((session) => session.settle(task, outcome));
      }
      await store.write(async (session) => {
        for (const task of rest.slice(1)) session.finishAtCommit(task, null, null);
      });
      const [running = null] = rest;
      await store.rescueThread(OWNER, { running, reason: "exit 7", maxCrashes: 1 });
      const [byHand = 0, byFilter = 0] = (await store.list({ states: ["ready"] })).map(
        ({ id }) => id,
      );
      await store.write((session) => session.cancel(byHand));
      await cancelAll(store, { states: ["ready"] });
      expect(await store.list({ states: ["ready", "running"] })).toEqual([]);
      await followAll();
      const ids = [...tasks.map(({ id }) => id), byHand, byFilter];
      expect((await told()).sort((a, b) => a - b)).toEqual(ids.sort((a, b) => a - b));
    });

    test("give the task as it is, and the same seed each time", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      await endMany(2, (task) => fail(task));
      await follow();
      const args = (await store.list({ queue: QUEUE, limit: 1_000 })).map(
        (task) => task.args as unknown[],
      );
      expect(args.map(([, state]) => state)).toEqual(["failed", "failed"]);
      const seeds = args.map(([, , seed]) => seed);
      expect(seeds[0]).toMatch(/^\w{16,}$/);
      expect(new Set(seeds).size).toBe(1);
    });

    test("tell ends that other processes found a moment ago once", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      await endMany(3);
      const other = subject.open();
      const all = await Promise.all([follow(), follow(SHOP, { of: other }), follow()]);
      expect(all.reduce((sum, { pushed }) => sum + pushed, 0)).toBe(3);
      expect((await told()).length).toBe(3);
      await other.close();
    });

    test("tell an end that has the time of one that was told", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      const ids = await store.push([newTask(), newTask(), newTask()]);
      for (const task of (await claim(store, { limit: 3 })).reverse()) {
        await finish(task);
        expect(await follow()).toEqual({ pushed: 1, isMore: false });
      }
      expect(await told()).toEqual(ids.reverse());
    });

    test("tell an end again once the task was retried and has ended again", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      const id = await endOne();
      await follow();
      await store.retry(id);
      const [again] = await claim(store, { queues: ["default"] });
      if (again) await finish(again);
      await follow();
      expect(await told()).toEqual([id, id]);
    });

    test("tell only what they want", async () => {
      const picky: WebhookDefinition = {
        ...SHOP,
        states: ["failed"],
        queues: ["mail*"],
        tasks: ["sale.*"],
      };
      await store.webhooks.watch(FILE, [picky]);
      await endMany(1, (task) => fail(task), "print");
      const [wanted = 0] = await endMany(1, (task) => fail(task), "mail-1");
      await endMany(1, finish, "mail-1");
      await store.push([newTask({ queue: "mail-1", model: "label" })]);
      const [label] = await claim(store, { queues: ["mail-1"] });
      if (label) await fail(label);
      await followAll(picky);
      expect(await told()).toEqual([wanted]);
    });

    test("do not tell of their own deliveries", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      await endOne();
      await follow();
      const [own] = await claim(store, { queues: [QUEUE] });
      if (own) await fail(own);
      expect(await follow()).toEqual({ pushed: 0, isMore: false });
    });

    test("come through many ends in steps, with those of one ms", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      const ids = await store.push(Array.from({ length: 450 }, () => newTask()));
      for (const task of await claim(store, { limit: 450 })) await finish(task);
      expect(await follow()).toEqual({ pushed: 200, isMore: true });
      expect(await followAll()).toBe(250);
      expect(await told()).toEqual(ids);
    });

    test("come past many ends that they do not want", async () => {
      const picky: WebhookDefinition = { ...SHOP, queues: ["mail"] };
      await store.webhooks.watch(FILE, [picky]);
      await endMany(2_100);
      const [wanted = 0] = await endMany(1, finish, "mail");
      expect(await follow(picky)).toEqual({ pushed: 0, isMore: true });
      await followAll(picky);
      expect(await told()).toEqual([wanted]);
    });

    test("lose nothing where the transaction that pushes is undone", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      const id = await endOne();
      const broken: WebhookFollow = {
        origin: FILE,
        definitions: [SHOP],
        definition: SHOP,
        delivery: () => {
          throw new Error("killed");
        },
      };
      expect(store.webhooks.follow(broken)).rejects.toThrow("killed");
      await follow();
      expect(await told()).toEqual([id]);
    });

    test("tell ends of a clock that was set back, and none twice", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      clock.advance(60_000);
      const before = await endMany(3);
      await followAll();
      clock.advance(-60_000);
      expect(await followAll()).toBe(0);
      const after = await endOne();
      await followAll();
      clock.advance(70_000);
      const last = await endOne();
      await followAll();
      expect(await told()).toEqual([...before, after, last]);
    });

    test("of two places tell both; one that no file asks for is dropped, and starts anew", async () => {
      const chat: WebhookDefinition = { ...SHOP, key: "chat 1", target: "chat" };
      const definitions = [SHOP, chat];
      await store.webhooks.watch(FILE, definitions);
      await endOne();
      expect(await followAll(SHOP, { definitions })).toBe(1);
      expect(await followAll(chat, { definitions })).toBe(1);
      await store.webhooks.watch(FILE, [chat]);
      expect(await store.webhooks.isWanted("shop")).toBe(false);
      expect(await store.webhooks.isWanted("chat")).toBe(true);
      clock.advance(1);
      await endOne();
      clock.advance(1);
      expect(await followAll(SHOP, { definitions })).toBe(0);
    });

    test("stay while another file asks for them, and files with the same one share it", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      await store.webhooks.watch("/office/tq.toml", [SHOP]);
      await endOne();
      expect(await followAll()).toBe(1);
      expect(await followAll(SHOP, { origin: "/office/tq.toml" })).toBe(0);
      await store.webhooks.watch(FILE, []);
      expect(await store.webhooks.isWanted("shop")).toBe(true);
    });

    test("go on where they were once they want something else", async () => {
      await store.webhooks.watch(FILE, [SHOP]);
      const first = await endOne();
      await follow();
      const second = await endOne();
      const changed: WebhookDefinition = { ...SHOP, key: "shop 2", states: ["finished"] };
      await store.webhooks.watch(FILE, [changed]);
      await followAll(changed);
      expect(await told()).toEqual([first, second]);
    });
  });
}
