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

test("one without a time zone is shown by the clock of the workers, not by the caller's", async () => {
  using folder = new Folder();
  const store = folder.store();
  await store.cron.add("database", {
    name: "daily",
    definition: '{"schedule":"@daily","task":"a"}',
  });
  await store.register({ id: "w1", pid: 1, threads: 1, queues: [] });
  await store.cron.followZone("w1", "Asia/Tokyo");
  await store.close();
  const env = { TZ: "Europe/Berlin" };
  const list = await folder.tqWith({ env }, "cron", "list", "--json");
  const [task] = JSON.parse(list.stdout) as { next: number; clock: string }[];
  expect(task?.clock).toBe("Asia/Tokyo");
  expect(new Date(task?.next ?? 0).getUTCHours()).toBe(15);
  const { stdout } = await folder.tqWith({ env }, "cron", "explain", "daily");
  expect(stdout).toContain("The clock is that of Asia/Tokyo");
});
