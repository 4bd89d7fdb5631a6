/** A database whose file was taken away while the server has it open. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { makeAdmin, NOW } from "./support.ts";

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

test("an id that is too large to be exact is refused as it was given", async () => {
  await using admin = makeAdmin();
  const { body } = await admin.get("/api/v1/tasks/9007199254740993");
  expect(body.detail).toContain('its id cannot be "9007199254740993"');
});
