/** A task whose method fails is tried again as its policy says; what does not count as an attempt. */
import { describe, expect, test } from "bun:test";
import { push, Snooze, UserError } from "../../src/index.ts";
import { makeRuntime } from "../model/support.ts";
import { newTask } from "../support/store.ts";
import { fails, JamError, Label, label, runs } from "./label.ts";

describe("a method that fails", () => {
  test("fails its task at once where nothing says otherwise", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("the printer is off"));
    expect(await runs(tq, "once")).toMatchObject([
      { state: "failed", attempts: 1, reason: "Error: the printer is off" },
    ]);
  });

  test("is called again after the waits of its policy, and then fails its task", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("the printer is off"));
    const now = tq.clock.time;
    expect(await runs(tq, "print")).toMatchObject([
      {
        state: "scheduled",
        scheduled_at: now + 10_000,
        failures: 1,
        reason: "Error: the printer is off",
      },
      { state: "scheduled", scheduled_at: now + 60_000, failures: 2 },
      { state: "failed", failures: 3, attempts: 3 },
    ]);
    expect(tq.eventsOf("task.retried").map(({ attempt, delay }) => [attempt, delay])).toEqual([
      [1, 10_000],
      [2, 60_000],
    ]);
  });

  test("leaves nothing of a run that failed, and all of the one that ends well", async () => {
    await using tq = makeRuntime();
    let run = 0;
    label.does = async () => {
      await Label.__queue__.once([1]);
      if (++run < 2) throw new Error("the printer is off");
    };
    await runs(tq, "print");
    expect((await tq.store.list({ states: ["ready"] })).map(({ method }) => method)).toEqual([
      "once",
    ]);
  });

  test("keeps each run that did not end well, with its error once", async () => {
    await using tq = makeRuntime();
    let run = 0;
    label.does = () => {
      if (++run < 3) throw new Error("the printer is off");
    };
    const [first] = await runs(tq, "print");
    const attempts = await tq.store.attempts(first?.id ?? 0);
    expect(attempts).toMatchObject([
      { number: 1, outcome: "failed", message: "the printer is off" },
      { number: 2, outcome: "failed", message: "the printer is off" },
      { number: 3, outcome: "finished", message: null },
    ]);
    expect(await tq.store.errors(first?.id ?? 0)).toMatchObject([{ count: 2 }]);
  });

  test("keeps nothing of a task that ends well the first time", async () => {
    await using tq = makeRuntime();
    label.does = () => undefined;
    const [task] = await runs(tq, "print");
    expect(await tq.store.attempts(task?.id ?? 0)).toMatchObject([
      { number: 1, outcome: "finished" },
    ]);
  });
});

describe("the policy", () => {
  test("may be a function, which ends the tries with null", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("no"));
    expect(await runs(tq, "ask")).toMatchObject([
      { state: "scheduled", scheduled_at: tq.clock.time + 5_000 },
      { state: "failed", failures: 2 },
    ]);
  });

  test("whose function returns garbage waits as without it, and says so", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("no"));
    const [first, ...others] = await runs(tq, "broken");
    expect(first?.state).toBe("scheduled");
    expect(first?.reason).toContain('"soon" is not a length of time');
    expect(others.at(-1)).toMatchObject({ state: "failed", failures: 3 });
  });

  test("whose function was asked and broken is said in the reason of the task that has failed", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("no"));
    const ends = await runs(tq, "broken");
    const why = 'TqError: what it returned: "soon" is not a length of time';
    expect(ends.at(-1)?.reason).toStartWith(
      `Error: no (at run 2 a function of its policy failed, so it waited as without one: ${why}`,
    );
    expect(tq.eventsOf("task.failed")).toMatchObject([
      { error: { message: expect.stringContaining("(at run 2 a function") } },
    ]);
  });

  test("whose function was broken once is said after it has answered, and not after a retry by hand", async () => {
    await using tq = makeRuntime();
    label.does = fails(new Error("no"));
    const ends = await runs(tq, "mended");
    const [first, last] = [ends[0], ends.at(-1)];
    expect(first?.reason).toContain("(a function of its policy failed, so it waits as without one");
    expect(last).toMatchObject({
      state: "failed",
      reason:
        "Error: no (at run 1 a function of its policy failed, so it waited as without one: Error: not yet)",
    });
    const id = first?.id ?? 0;
    await tq.store.retry(id);
    for (const reason of [/without one/, /^Error: no \(at run 3 a/]) {
      expect((await tq.runTask(id)).reason).toMatch(reason);
    }
    label.answers = () => "5s";
    await tq.store.retry(id);
    await tq.runTask(id);
    expect(await tq.runTask(id)).toMatchObject({ state: "failed", reason: "Error: no" });
  });

  test("names the errors that are tried again, and those that fail at once", async () => {
    await using tq = makeRuntime();
    label.does = fails(new JamError("paper jam"));
    expect((await runs(tq, "only", 1))[0]?.state).toBe("scheduled");
    label.does = fails(new TypeError("a bug"));
    expect((await runs(tq, "only", 1))[0]?.state).toBe("failed");
    label.does = fails(Object.assign(new JamError("no paper"), { code: "EPAPER" }));
    expect((await runs(tq, "only", 1))[0]?.state).toBe("failed");
  });

  test("tries an error for people again only where it names it", async () => {
    await using tq = makeRuntime();
    label.does = fails(new UserError("the invoice has no address"));
    expect((await runs(tq, "print", 1))[0]?.state).toBe("failed");
    expect((await runs(tq, "people", 1))[0]?.state).toBe("scheduled");
  });

  test("of a push wins over that of tq.toml, and that over the model's", async () => {
    await using tq = makeRuntime({
      settings: { tasks: { "label.print": { attempts: 2 }, "label.*": { attempts: 7 } } },
    });
    label.does = fails(new Error("no"));
    expect(await runs(tq, "print")).toHaveLength(2);
    expect(await runs(tq, "once")).toHaveLength(7);
    const [id = 0] = await push({ model: "label", method: "print", instances: [1], attempts: 1 });
    expect(await tq.runTask(id)).toMatchObject({ state: "failed", policy: { attempts: 1 } });
  });

  test("that was damaged by hand fails the task with a sentence", async () => {
    await using tq = makeRuntime();
    tq.registry.add(Label, null, true);
    const [id = 0] = await tq.store.push([
      newTask({ model: "label", method: "print", policy: '{"attempts":"many"}' }),
    ]);
    expect((await tq.runTask(id)).reason).toContain("its policy: attempts cannot be");
  });
});

test("no attempt is used up by an interruption, a crash or a retry by hand", async () => {
  await using tq = makeRuntime();
  label.does = fails(new Error("no"));
  const [first] = await runs(tq, "print", 1);
  const id = first?.id ?? 0;
  const owner = { worker: "w", thread: 1 };
  for (const maxCrashes of [null, 5]) {
    const running = await tq.store.write((session) => session.claimOne(id, owner));
    await tq.store.rescueThread(owner, { running, reason: "gone", maxCrashes });
    expect(await tq.getTask(id)).toMatchObject({ state: "ready", failures: 1 });
  }
  await tq.runTask(id);
  expect(await tq.runTask(id)).toMatchObject({ state: "failed", failures: 3, attempts: 5 });
  expect(await tq.store.retry(id)).toMatchObject({ failures: 0 });
  expect(await tq.runTask(id)).toMatchObject({ state: "scheduled", failures: 1 });
  expect((await tq.store.attempts(id)).map(({ outcome }) => outcome)).toEqual([
    "failed",
    "interrupted",
    "crashed",
    "failed",
    "failed",
    "failed",
  ]);
});

test("a task keeps its last hundred attempts", async () => {
  await using tq = makeRuntime();
  label.does = fails(new Snooze("1s"));
  const ends = await runs(tq, "once", 130);
  const numbers = (await tq.store.attempts(ends[0]?.id ?? 0)).map(({ number }) => number);
  expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([100, 31, 130]);
});
