/** Which failures are told, by which worker, and when. */
import { describe, expect, test } from "bun:test";
import type { AlertDefinition, AlertKey, TakenAlert } from "../../../src/store/failure-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { claim, claimFirst, newTask, pushOne } from "../../support/store.ts";
import { clock, fail, register, store, subject } from "./subject.ts";

export const FILE = "/shop/tq.toml";
export const MINUTE = 60_000;

const ALL = { queues: [], tasks: [] } as const;

const definitions = (channels: readonly AlertKey[]): AlertDefinition[] =>
  channels.map((key) => ({ key, ...ALL }));

export const watch = (channels: readonly AlertKey[] = ["command"]) =>
  store.failures.watch(FILE, definitions(channels));

interface Asked {
  readonly worker?: string;
  readonly channel?: AlertKey;
  readonly of?: Store;
  readonly origin?: string;
  readonly channels?: readonly AlertKey[];
  /** What `channel` wants; default: all. */
  readonly wants?: Partial<AlertDefinition>;
}

export function take({
  worker = "worker-1",
  channel = "command",
  of = store,
  ...more
}: Asked = {}) {
  const { channels = [channel], origin = FILE, wants } = more;
  const all = definitions(channels).map((one) =>
    one.key === channel ? { ...one, ...wants } : one,
  );
  const options = { worker, channel, definitions: all, origin, every: MINUTE, limit: 2 };
  return of.failures.take(options);
}

export async function tell(asked: Asked = {}): Promise<TakenAlert> {
  const taken = await take(asked);
  if (taken.kind !== "alert") return taken;
  const { worker = "worker-1", channel = "command", of = store } = asked;
  await of.failures.told(worker, channel, taken.until, true);
  return taken;
}

export async function failOne(model = "sale", queue = "default"): Promise<number> {
  const id = await pushOne(store, { model, queue });
  await fail(await claimFirst(store));
  return id;
}

export async function failMany(count: number, model = "sale", queue = "default"): Promise<void> {
  await store.push(Array.from({ length: count }, () => newTask({ model, queue })));
  for (const task of await claim(store, { limit: count })) await fail(task);
}

export const NONE = { kind: "none" } as const;

export function alertTests(): void {
  describe("alerts", () => {
    test("tell each failure once, with what happened", async () => {
      await watch();
      const id = await failOne();
      const failure = {
        task: id,
        call: "sale.process",
        queue: "default",
        reason: "Error: it broke",
        attempts: 1,
        failedAt: clock.now(),
      };
      const alert = { kind: "alert", failures: [failure], count: 1 };
      expect(await tell()).toMatchObject(alert);
      clock.advance(MINUTE);
      expect(await tell()).toEqual(NONE);
    });

    test("tell nothing of the time before they were asked for", async () => {
      await failOne();
      await watch();
      expect(await take()).toEqual(NONE);
      await failOne();
      await watch(["command", "url"]);
      expect(await take({ channel: "url", channels: ["command", "url"] })).toEqual(NONE);
      expect(await take({ channels: ["command", "url"] })).toMatchObject({ count: 1 });
    });

    test("gather failures until the pause is over, and count those that they do not name", async () => {
      await watch();
      const first = await failOne();
      expect(await tell()).toMatchObject({ failures: [{ task: first }] });
      clock.advance(MINUTE / 4);
      const second = await failOne();
      await failOne();
      const third = await failOne();
      expect(await take()).toEqual({ kind: "wait", wait: (MINUTE * 3) / 4 });
      clock.advance((MINUTE * 3) / 4);
      const told = await tell();
      expect(told).toMatchObject({ count: 3, failures: [{ task: second }, { task: third - 1 }] });
    });

    test("go from one worker alone, and from another one once that has died", async () => {
      await register("worker-1");
      await register("worker-2");
      await watch();
      await failOne();
      const taken = await take();
      expect(taken.kind).toBe("alert");
      const other = subject.open();
      expect(await take({ worker: "worker-2", of: other })).toEqual({ kind: "other" });
      await subject.kill("worker-1");
      await other.rescueDead(3);
      clock.advance(MINUTE);
      expect(await tell({ worker: "worker-2", of: other })).toMatchObject({ count: 1 });
      expect(await take({ worker: "worker-2", of: other })).toEqual(NONE);
      await store.unregister("worker-2");
    });

    test("that did not go are told again, with those that failed since", async () => {
      await register("worker-1");
      await watch();
      await failOne();
      const taken = await take();
      if (taken.kind !== "alert") throw new Error("nothing was taken");
      await store.failures.told("worker-1", "command", taken.until, false);
      await failOne();
      expect(await take({ worker: "worker-2" })).toEqual({ kind: "wait", wait: MINUTE });
      clock.advance(MINUTE);
      expect(await tell({ worker: "worker-2" })).toMatchObject({ count: 2 });
      await store.unregister("worker-1");
    });

    test("do not count as told what failed while they went", async () => {
      await watch();
      await failOne();
      const taken = await take();
      const later = await failOne();
      if (taken.kind !== "alert") throw new Error("nothing was taken");
      await store.failures.told("worker-1", "command", taken.until, true);
      clock.advance(MINUTE);
      expect(await tell()).toMatchObject({ count: 1, failures: [{ task: later }] });
    });

    test("go in each way by themselves", async () => {
      const channels = ["command", "url"] as const;
      await watch(channels);
      await failOne();
      expect(await tell({ channel: "command", channels })).toMatchObject({ count: 1 });
      clock.advance(MINUTE);
      await failOne();
      expect(await tell({ channel: "url", channels })).toMatchObject({ count: 2 });
      expect(await tell({ channel: "command", channels })).toMatchObject({ count: 1 });
    });

    test("of two files go by themselves: none counts as told what the other one tells or leaves out", async () => {
      const sales = { channel: "command a", wants: { tasks: ["sale.*"] } } as const;
      const labels = {
        channel: "command b",
        origin: "/other/tq.toml",
        wants: { tasks: ["label.*", "a.b"] },
      } as const;
      expect([await take(sales), await take(labels)]).toEqual([NONE, NONE]);
      await failOne("label");
      await failOne("sale");
      expect(await tell(sales)).toMatchObject({ count: 1, failures: [{ call: "sale.process" }] });
      expect(await tell(labels)).toMatchObject({ count: 1, failures: [{ call: "label.process" }] });
      await failOne("label");
      expect(await tell(sales)).toEqual(NONE);
      expect(await tell(labels)).toEqual({ kind: "wait", wait: MINUTE });
    });

    test("with the same definition in two files go on where one of them gets another", async () => {
      const other = { origin: "/other/tq.toml" } as const;
      expect([await take(), await take(other)]).toEqual([NONE, NONE]);
      await failOne();
      const edited = { channel: "command b" } as const;
      expect(await tell(edited)).toMatchObject({ count: 1 }); // twice, rather than not at all
      expect(await tell(other)).toMatchObject({ count: 1 });
    });

    test("do not wait for a clock that was set back, and lose no failure by it", async () => {
      await watch();
      await failOne();
      await tell();
      clock.advance(-24 * 60 * MINUTE);
      const id = await failOne();
      expect(await tell()).toMatchObject({ count: 1, failures: [{ task: id }] });
      clock.advance(48 * 60 * MINUTE);
      await failOne();
      expect(await tell()).toMatchObject({ count: 1 });
      expect(await tell()).toEqual(NONE);
    });

    test("leave out failures that are not wanted, which need no pause", async () => {
      const asked = { wants: { tasks: ["label.*"], queues: ["b[*"] } } as const;
      expect(await take(asked)).toEqual(NONE);
      await failOne("sale", "b[1");
      await failOne("label", "b1");
      expect(await take(asked)).toEqual(NONE);
      const id = await failOne("label", "b[1");
      expect(await tell(asked)).toMatchObject({ count: 1, failures: [{ task: id }] });
    });

    test("want a function by each of its names, and not a method of the same name", async () => {
      const asked = { wants: { tasks: ["send.call", "draw"] } } as const;
      await take(asked);
      for (const model of ["send", "draw"]) {
        await store.push([
          newTask({ model, method: "call", instances: [] }),
          newTask({ model, method: "work" }),
        ]);
      }
      for (const task of await claim(store, { limit: 4 })) await fail(task);
      expect(await tell(asked)).toMatchObject({ failures: [{ call: "send" }, { call: "draw" }] });
    });

    test("keep the first failures and count all, whatever others fail in between", async () => {
      const channels = ["command a", "url"] as const;
      const wants = { queues: ["invoice"] } as const;
      const invoices = { channel: "command a", channels, wants } as const;
      await take(invoices);
      const first = await failOne("sale", "invoice");
      await failMany(250, "sale", "noise");
      expect(await tell(invoices)).toMatchObject({ count: 1, failures: [{ task: first }] });
      const taken = await take({ channel: "url", channels });
      expect(taken).toMatchObject({ count: 251, failures: [{ task: first }, { task: first + 1 }] });
    });

    test("keep the first failures of those that come while an alert goes", async () => {
      await watch();
      await failMany(250);
      const taken = await take();
      if (taken.kind !== "alert") throw new Error("nothing was taken");
      const next = await failOne();
      await failMany(250);
      await store.failures.told("worker-1", "command", taken.until, true);
      clock.advance(MINUTE);
      expect(await tell()).toMatchObject({ count: 251, failures: [{ task: next }, {}] });
      clock.advance(MINUTE);
      expect(await tell()).toEqual(NONE);
    });

    test("tell of trouble that is no failure, once until it is told", async () => {
      await watch();
      await store.failures.trouble("the disk is full");
      await store.failures.trouble("the disk is full");
      const failure = { task: null, queue: null, call: "worker", reason: "the disk is full" };
      expect(await tell()).toMatchObject({ count: 1, failures: [failure] });
      clock.advance(MINUTE);
      await register("worker-1");
      await store.condition.setTrouble("worker-1", "Cannot load models");
      expect(await tell()).toMatchObject({ failures: [{ reason: "Cannot load models" }] });
      await store.unregister("worker-1");
    });

    test("end where their file asks for none any more, not where another file does", async () => {
      await watch();
      await failOne();
      await store.failures.watch("/other/tq.toml", []);
      await store.failures.watch("", []);
      expect(await take()).toMatchObject({ count: 1 });
      await watch([]);
      await failOne();
      await watch();
      expect(await take()).toEqual(NONE);
    });

    test("tell of a retry that fails again, and of a task that was set right or deleted meanwhile", async () => {
      await watch();
      const id = await failOne();
      await store.retry(id);
      await fail(await claimFirst(store));
      await store.retry(id);
      await store.cancel(id);
      expect(await tell()).toMatchObject({ count: 2 });
    });

    test("cost a failure nothing where no file asks for them", async () => {
      await store.push([newTask(), newTask()]);
      for (const task of await claim(store, { limit: 2 })) await fail(task);
      await watch();
      expect(await take()).toEqual(NONE);
    });
  });
}
