/** The notes of `tq cron list` below a recurring task: why it does not come, or not as its file says. */
import { expect, test } from "bun:test";
import { Folder } from "./tq.ts";

async function notes(folder: Folder): Promise<string> {
  const { stdout } = await folder.tq("cron", "list", "-q");
  return stdout;
}

test("one that is silent since the clock was set back says until when, and why", async () => {
  using folder = new Folder();
  const store = folder.store();
  await store.cron.add("database", {
    name: "each",
    definition: '{"schedule":"every 1m","task":"a"}',
  });
  const ahead = Date.now() + 60_000;
  await store.cron.decide("each", () => ({ slots: [], decidedUntil: ahead }));
  await store.close();
  expect(await notes(folder)).toMatch(
    /silent until .*: its slots up to then are decided, as the clock was set back/,
  );
});
