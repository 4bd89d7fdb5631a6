import { describe, expect, test } from "bun:test";
import { CALL } from "../support.ts";
import { withTasks } from "./person.ts";

const WORKER = { id: "w1", pid: process.pid, threads: 2, queues: ["mail"] };

describe("the page of queues", () => {
  test("leads from each number to these tasks, and says who serves them", async () => {
    await using admin = await withTasks([CALL, { ...CALL, queue: "mail" }]);
    await admin.store.register(WORKER);
    const html = await admin.page("/queues");
    expect(html).toContain('href="/tasks?queue=mail&amp;state=ready"');
    expect(html).toContain('aria-label="1 ready tasks of mail"');
    const rows = [...html.matchAll(/<tr id="queue-.*?<\/tr>/g)].map(([row]) => row);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toContain("⚠ nobody");
    expect(rows[1]).toContain(`:${process.pid}</a>`);
    expect(html).toContain("Nothing is paused.");
  });

  test("pauses a queue with a reason and an end, and resumes it", async () => {
    await using admin = await withTasks([{ ...CALL, queue: "print" }]);
    expect(await admin.page("/queues/pause?name=print")).toContain('value="print"');
    const pause = { kind: "queue", name: "print", reason: "<toner>", until: "2h" };
    expect((await admin.send("/queues/pause", pause)).status).toBe(303);
    const html = await admin.page("/queues");
    expect(html).toMatch(
      /The queue print is paused by tq.token since <time datetime="2024-02-29T12/,
    );
    expect(html).toContain("&lt;toner&gt;; until <time");
    expect(await admin.store.pauses.list()).toHaveLength(1);
    await admin.send("/queues/resume", { kind: "queue", name: "print" });
    expect(await admin.store.pauses.list()).toEqual([]);
  });

  test("takes an end as the flags of the command line do, and a time of day", async () => {
    await using admin = await withTasks();
    for (const until of ["18:30", "90m", "2030-01-01 12:00"]) {
      const pause = { kind: "queue", name: "print", until };
      expect((await admin.send("/queues/pause", pause)).status).toBe(303);
    }
  });

  test("pauses a method", async () => {
    await using admin = await withTasks();
    await admin.send("/queues/pause", { kind: "task", name: "sale.process" });
    expect(await admin.page("/queues")).toContain("The method sale.process is paused");
  });

  test.each([
    [{ kind: "queue", name: "" }, 422],
    [{ kind: "queue", name: "print", until: "yesterday" }, 422],
    [{ kind: "queue", name: "print", until: "2020-01-01 12:00" }, 422],
  ])("refuses %p, and pauses nothing", async (fields, status) => {
    await using admin = await withTasks();
    expect((await admin.send("/queues/pause", fields)).status).toBe(status);
    expect(await admin.store.pauses.list()).toEqual([]);
  });

  test("shows a refused form again with the sentence, and with what was typed", async () => {
    await using admin = await withTasks();
    const fields = { kind: "task", name: "sale.print", reason: "<toner>", until: "soon" };
    const html = await (await admin.send("/queues/pause", fields)).text();
    expect(html).toMatch(
      /role="alert">⚠ Cannot pause: until.*<form [^>]*action="\/queues\/pause"/s,
    );
    expect(html).toContain('value="task" selected');
    for (const value of ["sale.print", "&lt;toner&gt;", "soon"]) {
      expect(html).toContain(`value="${value}"`);
    }
  });

  test("says that a pause to be ended is not there", async () => {
    await using admin = await withTasks();
    const answer = await admin.send("/queues/resume", { kind: "queue", name: "print" });
    expect(answer.status).toBe(404);
  });
});
