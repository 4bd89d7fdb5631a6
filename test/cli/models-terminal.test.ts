/** Commands that load the user's models still know the terminal, though what the models print goes another way. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { claimFirst, pushOne } from "../support/store.ts";
import { Folder } from "./tq.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { Model } from "tq";
export class Sale extends Model {
  static override readonly __name__ = "sale";
  static tasks = { process: { attempts: 3 } };
  static process() {}
}
`;

const ERROR = { name: "Error", message: "the printer is off ".repeat(10), stack: null };

test("tq why breaks its sentence where the terminal ends", async () => {
  await using folder = new Folder();
  folder.write("models.ts", MODELS);
  const store = folder.store();
  await pushOne(store);
  const task = await claimFirst(store);
  await store.write((session) =>
    session.settle(task, { kind: "retry", delay: 3_600_000, error: ERROR }),
  );
  await store.close();
  const { text } = await folder.inTerminal({ columns: 60 }, "why", "1");
  expect(text).toContain("attempt 2 of 3"); // it has loaded the models
  expect(text.split("\n").filter((line) => line.length > 60)).toEqual([]);
  const coloured = await folder.inTerminal({ columns: 60, env: { NO_COLOR: "" } }, "why", "1");
  expect(coloured.text).toContain("\u001b[1mtq worker --queue default\u001b[0m");
});
