import { describe, expect, test } from "bun:test";
import { digestOf } from "../../../src/admin/access/tokens.ts";
import { CALL, makeAdmin } from "../support.ts";
import { formTokenOf, get, post, signedIn, withTasks } from "./person.ts";

const CATALOG = { sale: ["process", "print"], send: null };
const ATTEMPTS = { value: 5, words: "5", from: "tq.toml" as const };
const POLICIES = { "sale.process": { attempts: ATTEMPTS } };

function withModels(tasks: readonly object[] = []) {
  return withTasks(tasks, { catalog: () => CATALOG, policies: () => POLICIES });
}

describe("the page of models", () => {
  test("lists what can be pushed, with the policies that are said", async () => {
    await using admin = await withModels();
    const html = await admin.page("/models");
    const rows = [...html.matchAll(/<tr id="call-\w+"><th scope="row">.*?<\/tr>/g)].map(
      ([row]) => row,
    );
    expect(rows).toHaveLength(3);
    expect(rows[0]).toContain('href="/tasks?model=sale&amp;method=process"');
    expect(rows[0]).toContain('attempts: 5 <span class="quiet">(tq.toml)</span>');
    expect(rows[1]).toContain("as tq has them");
    expect(rows[2]).toContain('href="/push?model=send"');
  });

  test("says where the server knows none", async () => {
    await using admin = await withTasks([], { catalog: () => null });
    expect(await admin.page("/models")).toContain("This server knows no models");
  });
});

describe("the form of a push", () => {
  test("refuses, on the page, what admin.push does not list", async () => {
    await using admin = await withTasks([], { catalog: () => CATALOG, pushable: ["send"] });
    const fields = { model: "sale", method: "process", instances: "7" };
    const answer = await admin.send("/push", fields);
    expect(await answer.text()).toContain("Cannot push sale.process: admin.push of the server");
    expect(await admin.store.list()).toEqual([]);
  });

  test("pushes a method with all that it is given, and leads to the task", async () => {
    await using admin = await withModels();
    const html = await admin.page("/push?model=sale&method=process");
    expect(html).toContain('name="method" value="process"');
    expect(html).toContain("Policies in force");
    const fields = {
      model: "sale",
      method: "process",
      instances: "[7, 8]",
      args: '[12345678901234567890, {"a": 1}]',
      context: "",
      queue: "mail",
      priority: "3",
      ref: "order-1",
      scheduled_at: "5m",
    };
    const pushed = await admin.send("/push", fields);
    expect(pushed.headers.get("location")).toBe("/tasks/1");
    const task = await admin.store.get(1);
    expect(task).toMatchObject({ instances: [7, 8], queue: "mail", priority: 3, ref: "order-1" });
    expect(JSON.stringify(task?.args)).toBe('[12345678901234567890,{"a":1}]');
    expect(task?.scheduled_at).toBe(admin.store.now() + 300_000);
  });

  test("pushes a function without a method and records", async () => {
    await using admin = await withModels();
    const pushed = await admin.send("/push", { model: "send", method: "", instances: "" });
    expect(pushed.headers.get("location")).toBe("/tasks/1");
  });

  test.each([
    [{ model: "sale", method: "process", instances: "7", args: "[1," }, "Cannot read args: "],
    [{ model: "sale", method: "process", instances: "7", args: "{}" }, "Cannot push: "],
    [{ model: "sale", method: "proces", instances: "7" }, "did you mean"],
    [{ model: "sale", method: "process", instances: "[]" }, "An empty list makes no task."],
    [{ model: "sale", method: "process", instances: "7", more: "1" }, "is not a field"],
  ])("with %p says what is wrong, and keeps what was typed", async (fields, words) => {
    await using admin = await withModels();
    const answer = await admin.send("/push", fields);
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html).toContain(words);
    expect(html).toContain(`name="instances" value="${fields.instances}"`);
    expect(await admin.store.list()).toEqual([]);
  });

  test("takes a task to run it again with changes", async () => {
    await using admin = await withModels([{ ...CALL, args: ["<b>"], queue: "mail", user: 4 }]);
    expect(await admin.page("/tasks/1")).toContain('href="/push?task=1"');
    const html = await admin.page("/push?task=1");
    expect(html).toContain("Run task 1 again with changes");
    expect(html).toContain("[&quot;&lt;b&gt;&quot;]</textarea>");
    expect(html).toContain('name="user" value="4"');
    expect(html).toContain('name="queue" value="mail"');
    expect(await admin.statusOf("/push?task=2")).toBe(404);
  });

  test("is refused to a token that may only look", async () => {
    await using admin = makeAdmin();
    await admin.store.tokens.add({ name: "ana", roles: ["read"] }, digestOf("ana-token"));
    const cookie = await signedIn(admin, "ana-token");
    const form_token = await formTokenOf(admin, cookie);
    expect(await (await get(admin, "/models", cookie)).text()).not.toContain("/push?");
    const answer = await post(admin, "/push", { form_token, model: "vide" }, cookie);
    expect(answer.status).toBe(403);
  });

  test("is all that a token sees that may only push", async () => {
    await using admin = makeAdmin();
    await admin.store.tokens.add({ name: "till", roles: ["push"] }, digestOf("till-token"));
    const cookie = await signedIn(admin, "till-token");
    await admin.post("/api/v1/tasks", CALL);
    for (const path of ["/tasks", "/failed", "/queues", "/settings", "/charts", "/push?task=1"]) {
      const answer = await get(admin, path, cookie);
      expect(answer.status).toBe(403);
      const html = await answer.text();
      expect(html).toContain("Your token has the role push, and this needs read.");
    }
    const pausing = await get(admin, "/queues/pause", cookie);
    expect(pausing.status).toBe(403);
    expect(await pausing.text()).toContain("has the role push, and this needs admin.");
    const html = await (await get(admin, "/push", cookie)).text();
    const form_token = /name="form_token" value="(\w+)"/.exec(html)?.[1] ?? "";
    const pushed = await post(admin, "/push", { form_token, model: "vide" }, cookie);
    expect(pushed.status).toBe(422);
    const again = { form_token, again: "1", model: "sale", method: "process", instances: "7" };
    expect((await post(admin, "/push", again, cookie)).status).toBe(403);
    expect((await post(admin, "/sign-out", { form_token }, cookie)).status).toBe(303);
  });

  test("leads a token that may only push to the form, and says there what was pushed", async () => {
    await using admin = makeAdmin();
    await admin.store.tokens.add({ name: "till", roles: ["push"] }, digestOf("till-token"));
    const entered = await post(admin, "/sign-in", { token: "till-token", to: "/" });
    expect(entered.headers.get("location")).toBe("/push");
    const cookie = await signedIn(admin, "till-token");
    expect((await get(admin, "/", cookie)).headers.get("location")).toBe("/push");
    const html = await (await get(admin, "/push", cookie)).text();
    const ways = [...html.matchAll(/<a href="([^"]*)" data-key/g)].map(([, path]) => path);
    expect(ways).toEqual(["/push", "/models"]);
    const form_token = /name="form_token" value="(\w+)"/.exec(html)?.[1] ?? "";
    const fields = { form_token, model: "sale", method: "process", instances: "7" };
    const pushed = await post(admin, "/push", fields, cookie);
    const path = pushed.headers.get("location") ?? "";
    expect(await (await get(admin, path, cookie)).text()).toContain("Task 1 is pushed.");
    const models = await (await get(admin, "/models", cookie)).text();
    expect(models).toContain('href="/push?model=sale&amp;method=process"');
    expect(models).not.toMatch(/href="\/tasks|Waited p99|of the last day/);
  });
});
