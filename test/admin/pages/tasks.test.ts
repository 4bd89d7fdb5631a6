import { describe, expect, test } from "bun:test";
import { digestOf } from "../../../src/admin/access/tokens.ts";
import { FILTER_PARTS } from "../../../src/tasks/filter.ts";
import { newTask } from "../../support/store.ts";
import { CALL, makeAdmin, NOW, OWNER } from "../support.ts";
import { formTokenOf, get, post, signedIn, withTasks } from "./person.ts";

const CLAIM = { owner: OWNER, queues: [], limit: 1 };

const idsIn = (html: string) =>
  [...html.matchAll(/name="id" value="(\d+)"/g)].map(([, id]) => Number(id));

describe("the list of tasks", () => {
  test("is filtered by its form, whose empty fields count as none", async () => {
    await using admin = await withTasks([CALL, { ...CALL, queue: "mail" }, CALL]);
    const html = await admin.page("/tasks?queue=mail&model=&ref=&state=ready&where=");
    expect(idsIn(html)).toEqual([2]);
    expect(html).toContain('name="queue" value="mail"');
    expect(html).toMatch(/name="state" value="ready" checked/);
  });

  test("has a field for each part of a filter, and keeps what was typed there", async () => {
    await using admin = await withTasks([CALL]);
    const pages = ["state", "after", "before"]; // it has boxes, and the links of pages
    const fields = FILTER_PARTS.map(({ field }) => field).filter((field) => !pages.includes(field));
    for (const field of [...fields, "call", "where"]) {
      const html = await admin.page(`/tasks?${field}=nothing`);
      expect(html).toContain(`name="${field}" value="nothing"`);
    }
    expect(idsIn(await admin.page("/tasks?call=sale.process&pushed_after=1h&user=0"))).toEqual([1]);
  });

  test("leads to older tasks, and says how many there are", async () => {
    await using admin = await withTasks(Array.from({ length: 60 }, () => CALL));
    const first = await admin.page("/tasks?queue=default");
    expect(idsIn(first)).toHaveLength(50);
    expect(first).toContain("10 more match.");
    const next = /href="(\/tasks\?[^"]+)" rel="next"/.exec(first)?.[1]?.replaceAll("&amp;", "&");
    const second = await admin.page(next ?? "");
    expect(idsIn(second)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(second).not.toContain('rel="next"');
  });

  test("with a wrong filter says what is wrong, and keeps what was typed", async () => {
    await using admin = await withTasks([CALL]);
    expect(await admin.statusOf("/tasks?where=args.a")).toBe(422);
    const html = await admin.page("/tasks?where=args.a");
    expect(html).toContain('value="args.a"');
    expect(html).toContain("Cannot list tasks: ");
  });
});

describe("chosen tasks", () => {
  test("are cancelled, and the list says how many", async () => {
    await using admin = await withTasks([CALL, CALL, CALL]);
    const done = await admin.send("/tasks/act?state=ready", { chosen: "cancel", id: "2" });
    expect(done.status).toBe(303);
    const to = done.headers.get("location") ?? "";
    expect(await admin.page(to)).toContain("1 task cancelled.");
    expect(await admin.states()).toEqual([
      [3, "ready"],
      [2, "cancelled"],
      [1, "ready"],
    ]);
  });

  test("are deleted once their number is confirmed", async () => {
    await using admin = await withTasks([CALL, CALL]);
    await admin.send("/tasks/act", { chosen: "cancel", id: "1" });
    const question = await admin.send("/tasks/act?queue=default", { chosen: "delete", id: "1" });
    const html = await question.text();
    expect(html).toContain("Delete 1 task for good?");
    expect(html).toContain('<input type="hidden" name="id" value="1"');
    await admin.send("/tasks/act?queue=default", { sure: "delete", id: "1" });
    expect(await admin.states()).toEqual([[2, "ready"]]);
  });

  test("are some: none is refused", async () => {
    await using admin = await withTasks([CALL]);
    const answer = await admin.send("/tasks/act?state=ready", { chosen: "cancel" });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("Choose some tasks first.");
  });

  test("that cannot be changed stay, and the list says so", async () => {
    await using admin = await withTasks([CALL]);
    const done = await admin.send("/tasks/act", { chosen: "retry", id: "1" });
    expect(await admin.page(done.headers.get("location") ?? "")).toContain(
      "0 tasks retried; 1 stays as it is.",
    );
  });
});

describe("a list that lives", () => {
  const fresh = { "hx-request": "true" };
  const pathIn = (html: string) =>
    /data-from="([^"]+)"/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";

  test("keeps its rows, whatever becomes of them, and says how many newer tasks match", async () => {
    await using admin = await withTasks([CALL, CALL]);
    const from = pathIn(await admin.page("/tasks?state=ready"));
    await admin.send("/tasks/2/cancel", {});
    await admin.post("/api/v1/tasks", [CALL, { ...CALL, queue: "mail" }]);
    const html = await admin.page(from, fresh);
    expect(idsIn(html)).toEqual([2, 1]);
    expect(html).toMatch(/<tr id="task-2">.*?cancelled.*?<tr id="task-1">.*?ready/s);
    expect(html).toContain('<a href="/tasks?state=ready">2 newer tasks match: show them</a>');
    expect(pathIn(html)).toBe(from);
  });

  test("counts newer tasks up to a hundred", async () => {
    await using admin = await withTasks([CALL]);
    const from = pathIn(await admin.page("/tasks"));
    await admin.store.push(Array.from({ length: 150 }, () => newTask()));
    expect(await admin.page(from, fresh)).toContain("100+ newer tasks match: show them");
  });

  test("that is empty shows the first tasks once they come", async () => {
    await using admin = await withTasks();
    const html = await admin.page("/tasks");
    expect(html).toContain("There are no tasks yet");
    await admin.post("/api/v1/tasks", CALL);
    expect(idsIn(await admin.page(pathIn(html), fresh))).toEqual([1]);
  });
});

describe("all tasks that match", () => {
  test("are changed once their number is confirmed; later ones are not", async () => {
    await using admin = await withTasks([CALL, CALL, { ...CALL, queue: "mail" }]);
    const path = "/tasks/act?state=ready&queue=default";
    const question = await admin.send(path, { all: "cancel", newest: "2" });
    expect(question.status).toBe(200);
    expect(await question.text()).toContain("Cancel 2 tasks?");
    expect(await admin.states()).toEqual([
      [3, "ready"],
      [2, "ready"],
      [1, "ready"],
    ]);
    await admin.post("/api/v1/tasks", CALL);
    const done = await admin.send(path, { sure: "cancel", newest: "2" });
    expect(await admin.page(done.headers.get("location") ?? "")).toContain("2 tasks cancelled.");
    expect(await admin.states()).toEqual([
      [4, "ready"],
      [3, "ready"],
      [2, "cancelled"],
      [1, "cancelled"],
    ]);
  });

  test("are none where the filter says no states", async () => {
    await using admin = await withTasks([CALL]);
    const answer = await admin.send("/tasks/act", { sure: "cancel", newest: "1" });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("Choose the states of the tasks first.");
    expect(await admin.states()).toEqual([[1, "ready"]]);
  });
});

describe("one task", () => {
  test("is shown with why it waits, and is cancelled, retried and deleted", async () => {
    await using admin = await withTasks([CALL]);
    const html = await admin.page("/tasks/1");
    expect(html).toContain("no worker");
    await admin.send("/tasks/1/cancel", {});
    expect(await admin.states()).toEqual([[1, "cancelled"]]);
    await admin.send("/tasks/1/retry", {});
    expect(await admin.states()).toEqual([[1, "ready"]]);
    const early = await admin.send("/tasks/act", { sure: "delete", id: "1" });
    expect(await admin.page(early.headers.get("location") ?? "")).toContain(
      "0 tasks deleted; 1 stays as it is.",
    );
    await admin.send("/tasks/1/cancel", {});
    const question = await admin.send("/tasks/act", { chosen: "delete", id: "1" });
    expect(await question.text()).toContain("Delete 1 task for good?");
    expect(await admin.states()).toEqual([[1, "cancelled"]]);
    await admin.send("/tasks/act", { sure: "delete", id: "1" });
    expect(await admin.states()).toEqual([]);
    expect(await admin.statusOf("/tasks/1")).toBe(404);
  });

  test("sends its arguments once: they cannot change while the page lives", async () => {
    await using admin = await withTasks([{ ...CALL, args: ["the arguments"] }]);
    expect(await admin.page("/tasks/1")).toContain("the arguments");
    const again = await admin.page("/tasks/1", { "hx-request": "true" });
    expect(again).not.toContain("the arguments");
    expect(again).toContain('<section id="call" hx-morph-skip="true">');
  });

  test("shows the beginning of arguments of a megabyte, and says how much more there is", async () => {
    await using admin = await withTasks();
    await admin.store.push([newTask({ args: JSON.stringify(["x".repeat(1_000_000)]) })]);
    const html = await admin.page("/tasks/1");
    expect(html.length).toBeLessThan(70_000);
    expect(html.includes("… and 950008 more characters, which tq show has")).toBe(true);
  });

  test("has a line of time with its push, its plan, and how its runs ended", async () => {
    await using admin = await withTasks();
    await admin.store.push([newTask({ expiresAt: NOW + 60_000, user: 7 })]);
    await admin.store.write(async (session) => {
      const [claim] = await session.claim(CLAIM);
      if (!claim) throw new Error("not claimed");
      const error = { name: "Error", message: "no", stack: "" };
      await session.settle(claim, { kind: "failed", error });
    });
    const html = await admin.page("/tasks/1");
    const [line = ""] = /<ol class="timeline".*?<\/ol>/s.exec(html) ?? [];
    const names = [...line.matchAll(/class="name">(.*?)</g)].map(([, name]) => name);
    expect(names).toEqual(["Pushed", "Run 1 began", "Run 1 failed", "Expires"]);
    expect(line).toContain("by user 7");
    expect(line).toMatch(/<li class="future"><span class="name">Expires/);
  });

  test("shows the stack of its error as text", async () => {
    await using admin = await withTasks([{ ...CALL, args: ["<b>&\u001b[31m"] }]);
    await admin.store.write(async (session) => {
      const [claim] = await session.claim(CLAIM);
      if (!claim) throw new Error("not claimed");
      const error = { name: "Error", message: "<img src=x>", stack: "Error: <img src=x>\n  at a" };
      await session.settle(claim, { kind: "failed", error });
    });
    const html = await admin.page("/tasks/1");
    expect(html).toContain("Error: &lt;img src=x&gt;\n  at a");
    expect(html).toContain("&lt;b&gt;&amp;");
    expect(html).not.toContain("\u001b");
    expect(html).not.toContain("<img");
  });
});

test("a person whose token may only look sees no buttons, and changes nothing", async () => {
  await using admin = makeAdmin();
  await admin.post("/api/v1/tasks", CALL);
  await admin.store.tokens.add({ name: "ana", roles: ["read"] }, digestOf("ana-token"));
  const cookie = await signedIn(admin, "ana-token");
  const form_token = await formTokenOf(admin, cookie);
  const html = await (await get(admin, "/tasks/1", cookie)).text();
  expect(html).not.toContain('action="/tasks/1/cancel"');
  const refused = await post(admin, "/tasks/1/cancel", { form_token }, cookie);
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain("Your token has the role read, and this needs admin.");
  expect(await admin.store.list({ states: ["ready"] })).toHaveLength(1);
});
