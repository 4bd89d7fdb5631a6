/** A filter whose queue, model or method no task has: the commands that select tasks say so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

let folder: Folder;

beforeAll(async () => {
  folder = new Folder();
  const store = folder.store();
  const receipt = newTask({ queue: "printer", model: "receipt" });
  await store.push([receipt, newTask({ queue: "mail", model: "letter" })]);
  await store.cancel(1); // a queue all of whose tasks have ended
  await store.close();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

const RETRY = "retry --state failed";
const QUEUE = 'No task has the queue "pritner"; did you mean "printer"?';
const MODEL = 'No task has the model "reciept"; did you mean "receipt"?';
const OTHER = 'No task has the queue "pdf"; tasks have mail, printer';
const PATTERN =
  "--ref is a whole ref, not a pattern: --ref-starts finds all that begin with a text";

const METHOD = 'No task has the method "proces"; did you mean "process"?';
const CALL = 'No task has the method "proces" of the model "receipt"; did you mean "process"?';
const NO_MODEL = 'No task has the model "lettre"; did you mean "letter"?';
const FUNCTION = 'No task has the model "receit"; did you mean "receipt"?';

describe("a filter with a name that no task has", () => {
  test.each([
    [`${RETRY} --queue pritner`, "0 tasks retried", [QUEUE]],
    [`cancel --state ready --queue pritner --model reciept`, "0 tasks cancelled", [QUEUE, MODEL]],
    ["list --queue pritner", "No tasks", [QUEUE]],
    ["list --model reciept", "No tasks", [MODEL]],
    [`${RETRY} --queue pdf`, "0 tasks retried", [OTHER]],
    ["list --ref order-*", "No tasks", [PATTERN]],
    [`${RETRY} --method proces`, "0 tasks retried", [METHOD]],
    ["list --call receipt.proces", "No tasks", [CALL]],
    ["list --call lettre.process", "No tasks", [NO_MODEL]],
    ["list --call receit", "No tasks", [FUNCTION]],
  ])("is answered with the near name: tq %s", async (line, answer, notes) => {
    expect(await folder.tq(...line.split(" "))).toEqual({
      code: 0,
      stdout: `${answer}\n`,
      stderr: notes.map((note) => `tq: ${note}\n`).join(""),
    });
  });

  test.each([
    [`${RETRY} --queue printer --model receipt`, "0 tasks retried"],
    [`${RETRY} --call receipt.proc*`, "0 tasks retried"],
    ["list --queue printer --state failed", "No tasks"],
    ["list --queue pritner --quiet", "No tasks"],
  ])(
    "is not what a filter has that only matches nothing, nor for --quiet: tq %s",
    async (line, answer) => {
      expect(await folder.tq(...line.split(" "))).toEqual({
        code: 0,
        stdout: `${answer}\n`,
        stderr: "",
      });
    },
  );
});
