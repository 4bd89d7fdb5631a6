/** Methods that say how their run ends, and tasks that are not run at all. */
import { describe, expect, test } from "bun:test";
import { Cancel, ModelSQL, push, Retry, Snooze } from "../../src/index.ts";
import { readBackoff } from "../../src/policies/backoff.ts";
import { PRESET_POLICY } from "../../src/policies/table.ts";
import { judge } from "../../src/run/judge.ts";
import { makeRuntime, sentenceOf } from "../model/support.ts";
import { fails, Label, label, runs } from "./label.ts";

class Gone extends ModelSQL("gone", {}) {
  static readonly tasks = { need: { missing: "fail" } };
  static need(_gone: Gone[]) {}
}

describe("a method that says how its run ends", () => {
  test("snoozes without using up an attempt, as often as it likes", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Snooze("1h", "the shop is closed"));
    const ends = await runs(tq, "once", 5);
    expect(ends.map(({ state, failures, snoozes }) => [state, failures, snoozes])).toEqual(
      [1, 2, 3, 4, 5].map((snoozes) => ["scheduled", 0, snoozes]),
    );
    expect(ends[0]).toMatchObject({
      scheduled_at: tq.clock.time + 3_600_000,
      reason: "the shop is closed",
    });
  });

  test("snoozes until a point in time", async () => {
    await using tq = makeRuntime();
    const until = tq.clock.time + 5_000;
    label.does = fails(new Snooze(new Date(until)));
    expect((await runs(tq, "once", 1))[0]).toMatchObject({ scheduled_at: until });
  });

  test.each<[string, (now: number) => Snooze, string]>([
    [
      "a time that is past",
      (now) => new Snooze(new Date(now - 5_000), "closed"),
      "closed (until 2024-02-29T11:59:55.000Z, which is past, so it waits 1 s)",
    ],
    ["no time at all", () => new Snooze("0s"), "snoozed (for 0 ms, so it waits 1 s)"],
    ["a few ms", () => new Snooze("20ms"), "snoozed (for 20 ms, so it waits 1 s)"],
  ])("that snoozes for %s waits a second, and the log says so once", async (_, make, reason) => {
    await using tq = makeRuntime();
    label.does = fails(make(tq.clock.time));
    const ends = await runs(tq, "once", 3);
    const expected = { scheduled_at: tq.clock.time + 1_000, failures: 0, reason };
    expect(ends).toMatchObject([expected, expected, expected]);
    const notes = tq.events.filter(({ name }) => name === "log.note");
    expect(notes).toMatchObject([
      { level: "warn", message: expect.stringContaining("that label.once gives to Snooze") },
    ]);
  });

  test("asks for a retry at a time of its own, which uses up an attempt", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Retry("7s", "no paper"));
    expect(await runs(tq, "print")).toMatchObject([
      { state: "scheduled", scheduled_at: tq.clock.time + 7_000, reason: "Retry: no paper" },
      { state: "scheduled" },
      { state: "failed", failures: 3 },
    ]);
  });

  test("asks for a retry that its policy does not allow, and the reason says so", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Retry("7s", "no paper"));
    const [task] = await runs(tq, "once");
    expect(task).toMatchObject({ state: "failed" });
    expect(task?.reason).toContain("its policy allows 1 attempt");
  });

  test("gives a reason that is no text, or a very long one, and both are kept as texts", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Cancel({ paper: "A4" } as never));
    expect(await runs(tq, "once")).toMatchObject([
      { state: "cancelled", reason: '{ paper: "A4", }' },
    ]);
    label.does = fails(new Snooze("1h", Symbol("ink") as never));
    expect(await runs(tq, "once", 1)).toMatchObject([
      { state: "scheduled", snoozes: 1, reason: "Symbol(ink)" },
    ]);
    label.does = fails(new Cancel("é".repeat(20_000)));
    expect(await runs(tq, "once")).toMatchObject([{ reason: `${"é".repeat(10_000)}…` }]);
  });

  test("cancels its own task", async () => {
    await using tq = makeRuntime();
    label.does = async () => {
      await Label.__queue__.once([1]);
      throw new Cancel("the sale was deleted");
    };
    expect(await runs(tq, "print")).toMatchObject([
      { state: "cancelled", reason: "the sale was deleted", failures: 0 },
    ]);
    expect(await tq.store.list({ states: ["ready"] })).toEqual([]);
  });

  test.each([
    [() => new Snooze("5" as never), '"5" has no unit'],
    [() => new Snooze(5 as never), "5 is no time"],
    [() => new Snooze(Number.NaN as never), "NaN is no time"],
    [() => new Snooze({ seconds: Infinity }), "seconds is Infinity, not a number"],
    [() => new Snooze("soon" as never), '"soon" is not a length of time'],
    [() => new Snooze("9999-01-01T00:00Z"), "is more than 100 years from now"],
    [() => new Retry("-5s"), "is not between 0 s and 100 years"],
    [() => new Snooze(new Date(Number.NaN)), "not a valid one"],
  ])("with a time that is none fails: %p", async (make, sentence) => {
    await using tq = makeRuntime();
    label.does = () => {
      throw make();
    };
    const [task] = await runs(tq, "once");
    expect(task?.state).toBe("failed");
    expect(task?.reason).toContain(sentence);
  });
});

describe("a task with an end of its patience", () => {
  const pushed = (more: object) =>
    push({ model: "label", method: "once", instances: [1], expiresAt: "5m", ...more });

  test("is cancelled where its first run comes later", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("it must not run"));
    tq.registry.add(Label, null, true);
    const [id = 0] = await pushed({});
    tq.clock.time += 300_001;
    expect(await tq.runTask(id)).toMatchObject({
      state: "cancelled",
      reason: "it expired 1 ms ago, before its first run",
      attempts: 0,
    });
    expect(await tq.store.attempts(id)).toEqual([]);
    label.does = () => undefined;
    await tq.store.retry(id);
    expect(await tq.runTask(id)).toMatchObject({ state: "finished", attempts: 1 });
  });

  test("is tried again after that where its first run came in time", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("no"));
    tq.registry.add(Label, null, true);
    const [id = 0] = await pushed({ attempts: 2 });
    await tq.runTask(id);
    tq.clock.time += 600_000;
    expect(await tq.runTask(id)).toMatchObject({ state: "failed", failures: 2 });
  });

  test("may have it from a policy, which counts from when it could start", async () => {
    await using tq = makeRuntime({ settings: { tasks: { "label.once": { expires: "5m" } } } });
    label.does = () => undefined;
    tq.registry.add(Label, null, true);
    const later = { expiresAt: undefined, scheduledAt: "1h" };
    const [inTime = 0] = await pushed(later);
    const [late = 0] = await pushed(later);
    tq.clock.time += 3_600_000 + 300_000;
    expect(await tq.runTask(inTime)).toMatchObject({ state: "finished" });
    tq.clock.time += 1;
    expect(await tq.runTask(late)).toMatchObject({ state: "cancelled", attempts: 0 });
    await tq.store.retry(late);
    expect(await tq.runTask(late)).toMatchObject({ state: "finished" });
  });

  test('has none where its push says so with null or "none", whatever the policy says', async () => {
    await using tq = makeRuntime({ settings: { tasks: { "label.once": { expires: "5m" } } } });
    label.does = () => undefined;
    tq.registry.add(Label, null, true);
    for (const expiresAt of [null, "none"]) {
      const [id = 0] = await pushed({ expiresAt });
      tq.clock.time += 3_600_000;
      expect(await tq.runTask(id)).toMatchObject({ state: "finished", expires_at: null });
    }
  });

  test("is refused where it would expire before it may start", async () => {
    await using tq = makeRuntime();
    const sentence = "Cannot push: the task would expire before it may start";
    expect(await sentenceOf(() => pushed({ scheduledAt: "1h" }))).toBe(sentence);
    expect(await sentenceOf(() => pushed({ expiresAt: "-1s" }))).toBe(sentence);
    expect(await tq.store.list()).toEqual([]);
  });
});

test("a task none of whose records exists fails where its policy says so", async () => {
  await using tq = makeRuntime();
  tq.registry.add(Gone, null, true);
  const [id = 0] = await push({ model: "gone", method: "need", instances: [7] });
  expect(await tq.runTask(id)).toMatchObject({
    state: "failed",
    reason: "MissingRecords: its record does not exist; the method was not called",
  });
});

test.each([
  ["whose name cannot be read", () => Object.defineProperty(new Error("q"), "name", { get: fail })],
  ["that is a proxy which is gone", revoked],
])("a thrown value %s is retried as its policy says", (_, make) => {
  const policy = { ...PRESET_POLICY, attempts: 2, backoff: readBackoff("0s", "backoff") };
  const outcome = judge(make(), { failures: 0 }, policy, 0);
  expect(outcome).toMatchObject({ kind: "retry", delay: 0 });
  expect(JSON.stringify(outcome)).not.toContain("a function of its policy");
});

function fail(): never {
  throw new Error("no");
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error("q"), {});
  revoke();
  return proxy;
}
