/** A task with secrets that is run again with changes: the form does not show them, and the new task has them. */
import { describe, expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { withTasks } from "./person.ts";

const CONFIG = parseSettings({ admin: { redact: ["password"] } }, "test");
const TASK = {
  model: "sale",
  method: "process",
  instances: 7,
  args: [{ password: "hunter2", to: "ann" }],
  context: { password: "other1" },
};

async function shop() {
  const person = await withTasks([TASK], { config: CONFIG });
  const form = (changes: Record<string, string> = {}) => ({
    title: "x",
    again: "1",
    model: "sale",
    method: "process",
    instances: "7",
    args: '[{"password":"[redacted]","to":"ann"}]',
    context: '{"password":"[redacted]"}',
    ...changes,
  });
  return Object.assign(person, {
    push: async (changes?: Record<string, string>) => person.send("/push", form(changes)),
  });
}

test("its form shows the mask", async () => {
  await using person = await shop();
  const html = await person.page("/push?task=1");
  expect(html).toContain("[redacted]");
  expect(html).not.toContain("hunter2");
  expect(html).toContain('name="again" value="1"');
});

test("what was changed is pushed with the secrets of the task", async () => {
  await using person = await shop();
  const answer = await person.push({ args: '[{"password":"[redacted]","to":"bob"}]' });
  expect(answer.headers.get("location")).toBe("/tasks/2");
  expect(await person.store.get(2)).toMatchObject({
    args: [{ password: "hunter2", to: "bob" }],
    context: { password: "other1" },
  });
});

test("a secret that was written anew is pushed", async () => {
  await using person = await shop();
  await person.push({ args: '[{"password":"new one","to":"ann"}]' });
  expect(await person.store.get(2)).toMatchObject({ args: [{ password: "new one", to: "ann" }] });
});

test.each([
  ["another method", { method: "print" }],
  ["another place", { args: '[{"word":"[redacted]"}]' }],
  ["another text", { args: '[{"password":"my [redacted]"}]' }],
])("the mask is pushed to no task: %s", async (_name, changes) => {
  await using person = await shop();
  const answer = await person.push(changes);
  expect(answer.status).toBe(422);
  const html = await answer.text();
  expect(html).toContain("stands for a secret that is not shown");
  expect(html).not.toContain("hunter2");
  expect(html).toContain('name="again" value="1"');
  expect(await person.store.get(2)).toBeNull();
});

const NOTE = "the password is [redacted]";

describe("words that quote a secret", () => {
  const quoting = async () => {
    const person = await withTasks(
      [{ ...TASK, args: [{ password: "hunter2", note: "the password is hunter2" }] }],
      { config: CONFIG },
    );
    const push = (args: unknown, context: unknown = { password: "[redacted]" }) =>
      person.send("/push", {
        title: "x",
        again: "1",
        model: "sale",
        method: "process",
        instances: "7",
        args: JSON.stringify(args),
        context: JSON.stringify(context),
      });
    return Object.assign(person, { push });
  };

  test("come along with the field that marks it", async () => {
    await using person = await quoting();
    await person.push([{ password: "[redacted]", note: NOTE, to: "bob" }], {});
    expect(await person.store.get(2)).toMatchObject({
      args: [{ password: "hunter2", note: "the password is hunter2", to: "bob" }],
    });
  });

  test.each<[string, unknown]>([
    ["gone", [{ note: NOTE }]],
    ["changed", [{ password: "new one", note: NOTE }]],
    ["elsewhere", [{ note: NOTE }, { password: "[redacted]" }]],
  ])("are refused where that field is %s", async (_name, args) => {
    await using person = await quoting();
    const answer = await person.push(args);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("stands for a secret that is not shown");
    expect(await person.store.get(2)).toBeNull();
  });
});

test("a key that quotes a secret of the context is not pushed without that context", async () => {
  const task = { ...TASK, args: [{ by: { other1: 1 } }] };
  await using person = await withTasks([task], { config: CONFIG });
  const push = (context: string) =>
    person.send("/push", {
      title: "x",
      again: "1",
      model: "sale",
      method: "process",
      instances: "7",
      args: '[{"by":{"[redacted]":1}}]',
      context,
    });
  expect((await push("{}")).status).toBe(422);
  await push('{"password":"[redacted]"}');
  expect(await person.store.get(2)).toMatchObject({ args: task.args, context: task.context });
});

test("over HTTP the mask is refused as a value", async () => {
  await using person = await shop();
  const { args } = (await person.get("/api/v1/tasks/1")).body;
  const answer = await person.post("/api/v1/tasks", { ...TASK, args });
  expect(answer.status).toBe(422);
  const why = '"[redacted]" stands for a secret that is not shown; write the value itself';
  expect(answer.body.detail).toBe(`Cannot push: ${why}`);
  const many = await person.post("/api/v1/tasks", [TASK, { ...TASK, args }]);
  expect(many.body.detail).toBe(`Cannot push: [1]: ${why}`);
});
