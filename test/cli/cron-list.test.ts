/** The notes of `tq cron list` below a recurring task: why it does not come, or not as its file says. */
import { expect, test } from "bun:test";
import { originOf } from "../../src/cron/origin.ts";
import { HOST } from "../support/tested-store.ts";
import { Folder } from "./tq.ts";

async function notes(folder: Folder): Promise<string> {
  const { stdout } = await folder.tq("cron", "list", "-q");
  return stdout;
}

test("one that is silent since the clock was set back says until when, and why", async () => {
  await using folder = new Folder();
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
  await using folder = new Folder();
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

test("one that calls what no worker has, and one whose file has changed, say so", async () => {
  await using folder = new Folder();
  folder.write("tq.toml", "");
  const store = folder.store();
  await store.register({ id: "w1", pid: 1, threads: 1, queues: [] });
  const definitions = [{ name: "daily", definition: '{"schedule":"@daily","task":"night.rum"}' }];
  const origin = originOf(folder.file("tq.toml"), HOST);
  await store.cron.define({ origin, worker: "w1", definitions, foreign: ["daily"] });
  expect(await notes(folder)).toContain(
    "no live worker has night.rum in its models: its tasks fail; its file has changed: a worker takes that up within seconds, unless its log says why not",
  );
  await store.unregister("w1");
  await store.close();
  expect(await notes(folder)).toContain(
    "its file has changed: a worker takes that up when it starts",
  );
});
