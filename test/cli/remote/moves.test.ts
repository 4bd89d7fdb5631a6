import { describe, expect, test } from "bun:test";
import { outputLine } from "../../../src/store/task-output.ts";
import { claim, newTask, pushOne } from "../../support/store.ts";
import { until } from "../../support/until.ts";
import { makeBox } from "./box.ts";

describe("with --url", () => {
  test("tasks are cancelled, retried, moved and deleted one by one, and by a filter", async () => {
    await using box = await makeBox();
    await box.store.push([newTask(), newTask(), newTask({ queue: "print" }), newTask()]);

    expect(await box.tq("cancel", "1", "9")).toEqual({
      code: 3,
      stdout: "1 cancelled\n",
      stderr: "tq: Cannot cancel task 9: there is no such task; it may have been cleaned\n",
    });
    expect((await box.tq("retry", "1")).stdout).toBe("1 ready\n");
    const moved = await box.tq("move", "--queue", "print", "--to", "slow", "--json");
    expect([moved.code, JSON.parse(moved.stdout)]).toEqual([0, { moved: 1 }]);
    expect(await box.store.get(3)).toMatchObject({ queue: "slow" });
    const dry = await box.tq("cancel", "--state", "ready", "--queue", "default", "--dry-run");
    expect(dry.stdout).toStartWith("3 tasks would be cancelled:\n");
    const all = await box.tq("cancel", "--state", "ready", "--queue", "default");
    expect(all.stdout).toBe("3 tasks cancelled\n");
    expect(await box.tq("delete", "--state", "cancelled")).toMatchObject({
      code: 0,
      stdout: "3 tasks deleted\n",
    });
    expect((await box.store.list()).map(({ id }) => id)).toEqual([3]);
  });

  test("a retry leaves tasks that wait for their first run", async () => {
    await using box = await makeBox();
    await box.store.push([newTask({ scheduledAt: Date.now() + 3_600_000 })]);

    expect((await box.tq("retry", "--state", "scheduled")).stdout).toBe("0 tasks retried\n");
    expect(await box.store.get(1)).toMatchObject({ state: "scheduled" });
  });

  test("queues and methods are paused and resumed, and lists say so", async () => {
    await using box = await makeBox();
    await box.store.push([newTask({ queue: "print" })]);

    const paused = await box.tq("pause", "print", "--reason", "toner", "--until", "2h");
    expect(paused.stdout).toMatch(/^The queue print is paused by .*: toner; until /);
    expect(await box.store.pauses.list()).toMatchObject([{ kind: "queue", name: "print" }]);
    expect((await box.tq("list")).stderr).toContain("to go on: tq resume print");
    expect((await box.tq("pause", "--task", "sale.process")).code).toBe(0);
    expect((await box.tq("resume", "print")).stdout).toBe("The queue print is resumed\n");
    expect((await box.tq("resume", "--all")).stdout).toBe("The method sale.process is resumed\n");
    expect((await box.tq("resume", "print")).code).toBe(3);
    expect(await box.store.pauses.list()).toEqual([]);
  });

  test("tq watch and tq logs say what a task said, with its control characters written out", async () => {
    await using box = await makeBox();
    const id = await pushOne(box.store);
    const watching = box.tq("watch", String(id));
    const [task] = await claim(box.store);
    if (task === undefined) throw new Error("There is no task");
    const text = outputLine({ at: 1, level: "info", text: "half \u001b[31mdone" });
    await box.store.write(async (session) => {
      await session.settle(task, { kind: "finished", result: null, reason: null });
      await session.keepOutput(id, 1, text);
    });

    const { code, stdout } = await watching;
    expect(stdout).toContain("task 1 has finished");
    expect(stdout).toContain("half \\x1b[31mdone");
    expect(code).toBe(0);
    expect((await box.tq("logs", "1")).stdout).toContain("half \\x1b[31mdone");
  });

  test("tq push --wait ends with the task", async () => {
    await using box = await makeBox();
    const waiting = box.tq("push", "sale", "process", "7", "--wait", "--ref", "w");
    await until(async () => expect(await box.store.getByRef("w")).not.toBeNull(), 20_000);
    await box.store.cancel(1, "sold out");

    const { code, stdout, stderr } = await waiting;
    expect([code, stdout]).toEqual([1, "1\n"]);
    expect(stderr).toContain("sold out");
  });
});
