import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { newTask } from "../../support/store.ts";
import { makeBox } from "./box.ts";

describe("with --url", () => {
  test("tq push stores a task on the other machine, and no database here", async () => {
    await using box = await makeBox();
    const pushed = await box.tq("push", "sale", "process", "7", "--queue", "print", "--ref", "a");

    expect(pushed).toEqual({ code: 0, stdout: "1\n", stderr: "" });
    expect(await box.store.get(1)).toMatchObject({
      model: "sale",
      method: "process",
      instances: 7,
      queue: "print",
      ref: "a",
    });
    expect(existsSync(box.office.file("tq.db"))).toBe(false);
  });

  test("tq push sends arguments, policies and times as they are here", async () => {
    await using box = await makeBox();
    const at = "2099-01-02T03:04:05Z";
    const args = '["a", {"b": 1}]';
    const options = ["--args", args, "--scheduled-at", at, "--attempts", "4", "--backoff", "1s,2s"];
    const pushed = await box.tq("push", "sale", "process", "[7, 8]", ...options, "--json");

    const task = JSON.parse(pushed.stdout);
    expect(task).toEqual(JSON.parse(JSON.stringify([await box.store.get(1)])));
    expect(task[0]).toMatchObject({
      args: ["a", { b: 1 }],
      instances: [7, 8],
      scheduled_at: Date.parse(at),
    });
    expect(task[0].policy).toMatchObject({ attempts: 4 });
  });

  test("a push that the other machine refuses has its sentence and its exit status", async () => {
    await using box = await makeBox();
    const unknown = await box.tq("push", "sale", "proces", "7");

    expect(unknown.code).toBe(3);
    expect(unknown.stderr).toContain('"process"');
    const taken = await box.tq("push", "sale", "process", "7", "--ref", "a");
    expect(taken.code).toBe(0);
    const again = await box.tq("push", "sale", "process", "8", "--ref", "a", "--json");
    expect(again.code).toBe(4);
    expect(JSON.parse(again.stderr).error).toMatchObject({
      code: "conflict",
      task: { id: 1, state: "ready" },
    });
  });

  test("tq list, show, why and status say what they say on the machine itself", async () => {
    await using box = await makeBox();
    await box.store.push([newTask({ ref: "a" }), newTask({ queue: "print", method: "print" })]);
    const there = box.database.place;

    for (const command of [
      ["list"],
      ["list", "--json"],
      ["list", "--queue", "print", "--pushed-after", "1h"],
      ["list", "--queue", "prnt"],
      ["list", "--limit", "1", "-q"],
      ["show", "1"],
      ["show", "--ref", "a", "--json"],
      ["show", "9"],
      ["why", "1"],
      ["why", "--ref", "a", "--json"],
      ["why", "9"],
      ["logs", "1"],
      ["logs", "9"],
      ["status"],
    ]) {
      const local = await box.office.tqWith(
        { env: { TQ_QUEUE__WORKER: "true" } },
        ...command,
        "-d",
        there,
      );
      const remote = await box.tq(...command);
      const steady = ({ stdout, ...rest }: typeof local) => ({
        ...rest,
        stdout: stdout
          .replaceAll(/^(?:size|oldest ready) .*$/gm, "")
          .replace(/"running": 0,\n/g, ""),
      });
      expect({ command, ...steady(remote) }).toEqual({ command, ...steady(local) });
    }
  });

  test("conditions on the call find the same tasks", async () => {
    await using box = await makeBox();
    const call = (args: string) => newTask({ args });
    await box.store.push([
      call('[{"a.b":"x=1","n":4711}]'),
      call('[{"n":"4711"}]'),
      call('[{"n":"fourty"}]'),
      call("[true]"),
    ]);

    for (const [condition, ids] of [
      ["args.n=4711", [2, 1]],
      ['args.n="4711"', [2]],
      ["args.n~four", [3]],
      ['args."a.b"="x=1"', [1]],
      ["args.0=true", [4]],
    ] as const) {
      const { stdout } = await box.tq("list", "--json", condition);
      expect(JSON.parse(stdout).map(({ id }: { id: number }) => id)).toEqual(ids);
    }
  });

  test("tq list and a move go through more tasks than a page of the API has", async () => {
    await using box = await makeBox();
    await box.store.push(Array.from({ length: 2100 }, () => newTask()));

    const listed = await box.tq("list", "--limit", "2050", "--json");
    const ids = JSON.parse(listed.stdout).map(({ id }: { id: number }) => id);
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([2050, 2100, 51]);
    const page = await box.tq("list", "--after", "1100", "--limit", "2000", "--json");
    expect(JSON.parse(page.stdout)).toHaveLength(1000);
    const moved = await box.tq("cancel", "--state", "ready", "--yes");
    expect(moved.stdout).toBe("2100 tasks cancelled\n");
  });
});
