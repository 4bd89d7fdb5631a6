/** The names in [[webhook]] that fit nothing are said at the start of a worker. */
import { expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { Webhooks } from "../../../src/worker/webhooks/webhooks.ts";
import { makeStore, newTask } from "../../support/store.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async function saidOf(...webhooks: readonly object[]): Promise<string[]> {
  await using subject = makeStore();
  await subject.store.push([newTask({ queue: "mail" })]);
  const sections = webhooks.map((one, at) => ({
    url: `https://shop${at}.example/`,
    secret: SECRET,
    ...one,
  }));
  const config = parseSettings({ webhook: sections }, "the test");
  const hooks = new Webhooks({ config, store: subject.store, report: () => {} });
  return hooks.problems({ invoice: ["post"] });
}

test("names of queues and methods in a webhook that fit nothing are said, with the number of its section", async () => {
  expect(await saidOf({}, { queues: ["mial"], tasks: ["invoice.pots", "invoice.*"] })).toEqual([
    '"mial" in queues of [[webhook]] 2 is of no use: no task is of that queue; did you mean "mail"?',
    '"invoice.pots" in tasks of [[webhook]] 2 is of no use: no method has that name; did you mean "invoice.post"?',
  ]);
});

test("names that fit something are not said, nor webhooks that name nothing", async () => {
  expect(await saidOf({}, { queues: ["mail", "default"], tasks: ["invoice.post"] })).toEqual([]);
});
