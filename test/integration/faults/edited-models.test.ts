/** The proof of edits under load, in seconds; by hand it runs for longer. */
import { expect, test } from "bun:test";
import { prove } from "../../proof/edits.ts";

test("tasks that run while their models are edited run on one version each, and none is lost", async () => {
  const { tasks, replaced, problems } = await prove(8, 300);
  expect(problems).toEqual([]);
  expect(tasks).toBeGreaterThan(50);
  expect(replaced).toBeGreaterThan(1);
}, 120_000);
