/** A database whose file was taken away while the server has it open. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { expectSentence, withTasks } from "../../admin/pages/person.ts";
import { CALL, makeAdmin, NOW } from "../../admin/support.ts";
import { connect } from "../../support/connect.ts";

const PATHS = ["/api/tasks", "/api/v1/tasks", "/api/v1/cron", "/metrics"];

test.each(PATHS)("is said where it is looked at, without its folder: GET %s", async (path) => {
  let elapsed = 0;
  const clock = { now: () => NOW, monotonic: () => (elapsed += 60_000) };
  await using admin = makeAdmin({ clock });
  expect((await admin.app.request(path)).status).toBe(401);
  const file = join(admin.folder, "tq.db");
  renameSync(file, `${file}.away`);
  const { status, body } = await admin.get(path);
  expect(status).toBe(500);
  const { code, message, detail } = body.error ?? body;
  expect(code).toBe("database");
  expect(message ?? detail).toMatch(/^Cannot read: tq\.db was deleted/);
  expect(JSON.stringify(body)).not.toContain(admin.folder);
  expect(JSON.stringify(admin.events)).toContain(file); // the log has it all
});

const PAGES = ["/", "/tasks", "/tasks/1", "/failed", "/recurring", "/queues", "/workers"];

test.each(PAGES)("is said by each page in a sentence: %s", async (path) => {
  let elapsed = 0;
  const clock = { now: () => NOW, monotonic: () => (elapsed += 60_000) };
  await using admin = await withTasks([CALL], { clock });
  const file = join(admin.folder, "tq.db");
  renameSync(file, `${file}.away`);
  expect(await admin.statusOf(path)).toBe(500);
  await expectSentence(admin, path, /<p class="sentence">Cannot [^<]+tq\.db/);
});

describe("the health check fails", () => {
  test("when the database is another one now", async () => {
    await using admin = makeAdmin();
    renameSync(admin.store.name, `${admin.store.name}.moved`);
    const response = await admin.app.request("/healthz");
    expect(response.status).toBe(503);
  });

  test("when the first bytes of the database were overwritten", async () => {
    await using admin = makeAdmin();
    using db = connect(admin.store.name);
    db.run("PRAGMA wal_checkpoint(TRUNCATE)"); // as long as the log has the first page, nothing is lost
    expect((await admin.app.request("/healthz")).status).toBe(200); // the connections have it in memory
    const { exitCode } = Bun.spawnSync([
      "dd",
      "if=/dev/zero",
      `of=${admin.store.name}`,
      "bs=16",
      "count=1",
      "conv=notrunc",
    ]);
    expect(exitCode).toBe(0);
    const response = await admin.app.request("/healthz");
    expect(response.status).toBe(503);
    expect((await admin.get("/api/status")).status).toBe(500);
  });

  test("when its disk is nearly full, and the status says so", async () => {
    await using admin = makeAdmin({ database: { min_free_mb: 1e9 } });
    const response = await admin.app.request("/healthz");
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('{"status":"failing"}');
    const { problems } = (await admin.get("/api/status")).body as { problems: string[] };
    expect(problems[0]).toMatch(/^Cannot push: the disk/);
  });
});
