/** Times that a person types count by the clock of the browser, as all times are shown by it. */
import { expect, test } from "bun:test";
import { CALL, makeAdmin } from "../support.ts";
import { formTokenOf, get, post, signedIn } from "./person.ts";

const NEW_YORK = "tq_zone=America/New_York";
const SEVEN = "2030-12-01 07:00";
const SEVEN_IN_NEW_YORK = Date.parse("2030-12-01T12:00:00Z");

/** A person whose browser sends this cookie too. */
async function person(zone: string) {
  const admin = makeAdmin();
  const session = await signedIn(admin);
  const form_token = await formTokenOf(admin, session);
  const cookie = `${session}; ${zone}`;
  return {
    ...admin,
    page: async (path: string) => (await get(admin, path, cookie)).text(),
    send: (path: string, fields: Record<string, string>) =>
      post(admin, path, { form_token, ...fields }, cookie),
  };
}

const PUSH = { model: "sale", method: "process", instances: "7", scheduled_at: SEVEN };

test("a push that is not to run before 07:00 waits for 07:00 in the zone of the form", async () => {
  await using admin = await person(NEW_YORK);
  const html = await admin.page("/push?model=sale&method=process");
  expect(html).toContain("(your time: America/New_York)");
  const [, zone = ""] = /name="zone" value="([^"]*)"/.exec(html) ?? [];
  await admin.send("/push", { ...PUSH, zone });
  expect(await admin.store.list()).toMatchObject([{ scheduled_at: SEVEN_IN_NEW_YORK }]);
});

test("a pause of a queue ends by the clock of the form", async () => {
  await using admin = await person(NEW_YORK);
  expect(await admin.page("/queues/pause")).toContain("(your time: America/New_York)");
  const fields = { kind: "queue", name: "print", until: SEVEN, zone: "America/New_York" };
  await admin.send("/queues/pause", fields);
  expect(await admin.store.pauses.list()).toMatchObject([{ until: SEVEN_IN_NEW_YORK }]);
});

test("the filter in the address of the list counts by the clock of the browser", async () => {
  await using admin = await person(NEW_YORK);
  await admin.post("/api/v1/tasks", CALL); // at 12:00 UTC, 07:00 in New York
  const list = (after: string) => admin.page(`/tasks?pushed_after=${after}`);
  expect(await list("2024-02-29T07:00")).toContain("/tasks/1");
  expect(await list("2024-02-29T07:01")).not.toContain("/tasks/1");
  expect(await list("")).toContain("(your time: America/New_York)");
});

test.each(["", "tq_zone=Nowhere/Land", "tq_zone=%2B02:00", "tq_zone=%3Cb%3E"])(
  "without a known zone of the browser (%j) the server's counts, and the form says so",
  async (cookie) => {
    await using admin = await person(cookie);
    const html = await admin.page("/push?model=sale&method=process");
    expect(html).toMatch(/\(the server&#39;s time: [\w/]+\)/);
    expect(html).not.toContain('name="zone"');
    await admin.send("/push", PUSH);
    const local = new Date(SEVEN.replace(" ", "T")).getTime();
    expect(await admin.store.list()).toMatchObject([{ scheduled_at: local }]);
  },
);
