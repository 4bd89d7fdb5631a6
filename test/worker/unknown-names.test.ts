/** The names in [alert] and in a [[webhook]] that fit nothing. */
import { expect, test } from "bun:test";
import { parseSettings } from "../../src/settings/config.ts";
import { unknownNames } from "../../src/worker/unknown-names.ts";
import { makeStore, newTask } from "../support/store.ts";

const CATALOG = { label: ["print"], send_invoice: null };

interface Names {
  readonly queues?: string[];
  readonly tasks?: string[];
}

async function saidOf({ queues = [], tasks = [] }: Names, worker: object = {}): Promise<string[]> {
  await using subject = makeStore();
  await subject.store.push([newTask({ queue: "mail", model: "letter", method: "send" })]);
  const config = parseSettings({ worker }, "the test");
  const sections = [{ section: "[alert]", queues, tasks }];
  return unknownNames(sections, { config, catalog: CATALOG, store: subject.store });
}

test.each([
  ["send_invoce", '; did you mean "send_invoice"?'],
  ["label", '; did you mean "label.*"?'],
  ["label.prnt", '; did you mean "label.print"?'],
  ["zzz.*", ""],
])("%s in tasks, which is no method, is said", async (name, near) => {
  expect(await saidOf({ tasks: [name] })).toEqual([
    `"${name}" in tasks of [alert] is of no use: no method has that name${near}`,
  ]);
});

test("a queue is said where it is near another one, as it may come with its first task", async () => {
  expect(await saidOf({ queues: ["mial", "print"] })).toEqual([
    `"mial" in queues of [alert] is of no use: no task is of that queue; did you mean "mail"?`,
  ]);
});

test("names and patterns of methods, functions, queues and tasks of other workers are not said", async () => {
  const tasks = ["label.*", "send_invoice", "send_invoice.*", "send_invoice.call", "letter.send"];
  const queues = ["mail", "def*", "prints"];
  expect(await saidOf({ tasks, queues }, { queues: ["prints"] })).toEqual([]);
  expect(await saidOf({})).toEqual([]);
});
