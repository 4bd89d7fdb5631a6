/** A form that pushes, sent twice: as by a double click, or by the browser's "send again". */
import { describe, expect, test } from "bun:test";
import { CALL } from "../support.ts";
import { withTasks } from "./person.ts";

const NIGHTLY = { name: "nightly", schedule: "30 2 * * *", task: "sale.process", instances: 7 };
const FIELDS = { model: "sale", method: "process", instances: "7" };

async function withForms() {
  const admin = await withTasks();
  await admin.post("/api/v1/cron", NIGHTLY);
  const keyOf = async (path: string) => {
    const html = await admin.page(path);
    return /name="push_key" value="([\w-]{36})"/.exec(html)?.[1] ?? "";
  };
  const count = async () => (await admin.store.list()).length;
  return { ...admin, keyOf, count };
}

const FORMS = [
  ["of a push", "/push?model=sale&method=process", "/push", FIELDS],
  ["of a task that is run again", "/push?task=1", "/push", { ...FIELDS, again: "1" }],
  ["of a recurring task that is run now", "/recurring/nightly", "/recurring/nightly/run", {}],
] as const;

describe.each(FORMS)("the form %s", (_name, page, action, fields) => {
  test("pushes once where it is sent twice, and leads to the same task", async () => {
    await using admin = await withForms();
    await admin.post("/api/v1/tasks", CALL);
    const push_key = await admin.keyOf(page);
    const sent = { ...fields, push_key };
    const [one, other] = await Promise.all([admin.send(action, sent), admin.send(action, sent)]);
    const later = await admin.send(action, sent);
    for (const answer of [one, other, later]) {
      expect([answer.status, answer.headers.get("location")]).toEqual([303, "/tasks/2"]);
    }
    expect(await admin.count()).toBe(2);
  });

  test("pushes again from a page that is loaded again", async () => {
    await using admin = await withForms();
    await admin.post("/api/v1/tasks", CALL);
    for (let time = 0; time < 2; time++) {
      const push_key = await admin.keyOf(page);
      expect((await admin.send(action, { ...fields, push_key })).status).toBe(303);
    }
    expect(await admin.count()).toBe(3);
  });
});

test("the form of a push pushes again where it was changed", async () => {
  await using admin = await withForms();
  const push_key = await admin.keyOf("/push?model=sale&method=process");
  await admin.send("/push", { ...FIELDS, push_key });
  await admin.send("/push", { ...FIELDS, instances: "8", push_key });
  expect(await admin.count()).toBe(2);
});

test("a recurring task whose overlap is skip leads to its task where its form comes twice", async () => {
  await using admin = await withForms();
  await admin.ask("/api/v1/cron/nightly", { method: "PATCH", body: '{"overlap":"skip"}' });
  const push_key = await admin.keyOf("/recurring/nightly");
  const send = () => admin.send("/recurring/nightly/run", { push_key });
  const answers = await Promise.all([send(), send()]);
  expect(answers.map(({ headers }) => headers.get("location"))).toEqual(["/tasks/1", "/tasks/1"]);
});
