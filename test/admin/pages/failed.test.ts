import { describe, expect, test } from "bun:test";
import { failedGroups } from "../../../src/tasks/failed-groups.ts";
import { CALL, OWNER } from "../support.ts";
import { withTasks } from "./person.ts";

type Admin = Awaited<ReturnType<typeof withTasks>>;

/** Runs all ready tasks, which fail with these messages in turn. */
async function fail(admin: Admin, messages: readonly string[]): Promise<void> {
  await admin.store.write(async (session) => {
    const claims = await session.claim({ owner: OWNER, queues: [], limit: messages.length });
    for (const [index, claim] of claims.entries()) {
      const error = { name: "Error", message: messages[index] ?? "", stack: "" };
      await session.settle(claim, { kind: "failed", error });
    }
  });
}

describe("the page of failed tasks", () => {
  test("groups them by method and the first line of the error, the largest group first", async () => {
    await using admin = await withTasks([CALL, CALL, CALL, { ...CALL, method: "print" }]);
    await fail(admin, ["paper\nat 7", "disk <full>\nat 7", "disk <full>\nat 8", "disk <full>"]);
    const html = await admin.page("/failed");
    expect(html).toContain("4 failed tasks, by method and error.");
    const rows = [...html.matchAll(/<tr id="group.*?data-label="Tasks"><a [^>]+>(\d+)<.*?<\/tr>/g)];
    expect(rows.map(([, count]) => count)).toEqual(["2", "1", "1"]);
    expect(rows[0]?.[0]).toContain("sale.process");
    expect(rows[0]?.[0]).toContain("Error: disk &lt;full&gt;");
    expect(html).not.toContain("at 7");
  });

  test("retries a group once its number is confirmed", async () => {
    await using admin = await withTasks([CALL, CALL, CALL]);
    await fail(admin, ["disk full", "disk full on /srv", "disk full"]);
    const html = await admin.page("/failed");
    const path = /action="(\/tasks\/act[^"]+)"/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const newest = /name="newest" value="(\d+)"/.exec(html)?.[1] ?? "";
    const question = await admin.send(path, { all: "retry", newest });
    expect(await question.text()).toContain("Retry 2 tasks?");
    await admin.send(path, { sure: "retry", newest });
    expect(await admin.states()).toEqual([
      [3, "ready"],
      [2, "failed"],
      [1, "ready"],
    ]);
  });

  test("looks at the newest ones alone where there are many, and says so", async () => {
    await using admin = await withTasks([CALL, CALL, CALL]);
    await fail(admin, ["disk full", "paper", "paper"]);
    const { groups, looked, isAll } = await failedGroups(admin.store, 2);
    expect(groups.map(({ error, count }) => [error, count])).toEqual([["Error: paper", 2]]);
    expect([looked, isAll]).toEqual([2, false]);
    expect(await failedGroups(admin.store, 3)).toMatchObject({ looked: 3, isAll: true });
  });

  test("says that none has failed", async () => {
    await using admin = await withTasks();
    expect(await admin.page("/failed")).toContain("No task has failed.");
  });
});

test("an error of a megabyte fills no page, and is still found by its group", async () => {
  await using admin = await withTasks([CALL, CALL]);
  await fail(admin, [`${"😀x".repeat(300_000)}`, `${"😀x".repeat(300_000)}`]);
  const html = await admin.page("/failed");
  expect(html.length).toBeLessThan(20_000);
  const path = /data-label="Tasks"><a href="([^"]+)"/.exec(html)?.[1]?.replaceAll("&amp;", "&");
  const list = await admin.page(path ?? "");
  expect([...list.matchAll(/name="id"/g)]).toHaveLength(2);
  expect(list.length).toBeLessThan(50_000);
});
