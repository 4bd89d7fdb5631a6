import { expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { IS_POSTGRES } from "../../support/tested-store.ts";
import { CALL, makeAdmin } from "../support.ts";

test("the settings are listed with where each comes from, and without their secrets", async () => {
  const config = parseSettings(
    {
      queue: { worker: true },
      worker: { grace: "90s" },
      alert: { url: "https://hooks.example.com/services/T0/pa55word" },
      tasks: { "sale.*": { attempts: 3 } },
      webhook: [{ url: "https://ana:pa55word@shop.example/pa55word", secret: "pa55word-pa55word" }],
      cron: { nightly: { schedule: "30 2 * * *", task: "night.run" } },
    },
    "the test",
  );
  await using admin = makeAdmin({ config });
  const { status, body } = await admin.get("/api/v1/settings");
  expect(status).toBe(200);
  expect(body.file).toBeNull();
  const of = (wanted: string) =>
    (body.settings as { key: string }[]).find(({ key }) => key === wanted);
  expect(of("queue.worker")).toMatchObject({
    value: true,
    words: "true",
    origin: "the test",
    env: "TQ_QUEUE__WORKER",
  });
  expect(of("worker.grace")).toMatchObject({ value: 90_000, words: "1 min 30 s" });
  expect(of("queue.clean_days")).toMatchObject({ value: 30, origin: "default" });
  expect(of("alert.url")).toMatchObject({ value: "https://hooks.example.com/…" });
  expect(of('tasks."sale.*".attempts')).toMatchObject({ value: 3, env: null });
  expect(of("cron.nightly.schedule")).toMatchObject({ value: "30 2 * * *", origin: "tq.toml" });
  expect(of("webhook.1.url")).toMatchObject({ value: "https://shop.example/…" });
  expect(of("webhook.1.events")).toMatchObject({ value: ["task.failed"], words: "task.failed" });
  expect(of("webhook.1.queues")).toMatchObject({ value: [], words: "all" });
  expect(of("webhook.1.secret")).toMatchObject({ value: "…" });
  expect(JSON.stringify(body)).not.toContain("pa55word");
});

test("the status is that of /api/status, with times of ISO 8601", async () => {
  await using admin = makeAdmin();
  await admin.post("/api/v1/tasks", CALL);
  await admin.post("/api/v1/pauses", { queue: "print", until: "2h" });
  await admin.store.condition.rememberBackup({ path: "/mnt/tq.db", size: 7 });
  await admin.store.register({ id: "w1", pid: 1, threads: 1, queues: ["mail"] });
  const { body: old } = await admin.get("/api/status");
  const { status, body } = await admin.get("/api/v1/status");
  expect(status).toBe(200);
  const [pause] = old.pauses;
  const iso = (ms: number) => new Date(ms).toISOString();
  expect(body).toEqual({
    ...old,
    free_disk: body.free_disk, // other programs write, too
    backup: IS_POSTGRES ? null : { ...old.backup, made_at: "2024-02-29T12:00:00.000Z" },
    oldest_ready: { ...old.oldest_ready, since: "2024-02-29T12:00:00.000Z" },
    pauses: [{ ...pause, since: iso(pause.since), until: iso(pause.until) }],
    workers: [{ ...old.workers[0], started_at: "2024-02-29T12:00:00.000Z" }],
  });
  expect(body.problems).toHaveLength(1);
  await admin.store.unregister("w1");
});
