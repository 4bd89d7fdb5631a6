/** Pages of a database that cannot be read: a sentence for people. */
import { describe, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { TqError } from "../../../src/errors.ts";
import { post, withTasks } from "./person.ts";
import { CALL, NOW } from "../support.ts";

const PATHS = ["/", "/tasks", "/tasks/1", "/failed", "/recurring", "/queues", "/workers"];

async function expectSentence(
  admin: Awaited<ReturnType<typeof withTasks>>,
  path: string,
  sentence: RegExp,
) {
  const html = await admin.page(path);
  expect(html).toStartWith("<!DOCTYPE html>");
  expect(html).toContain("<h1>This cannot be shown</h1>");
  expect(html).toMatch(sentence);
  expect(html).toContain('data-pace="10000"'); // it comes back by itself
}

describe("where the database cannot be read, a page says why in a sentence", () => {
  test.each(PATHS)("that is gone: %s", async (path) => {
    let elapsed = 0;
    const clock = { now: () => NOW, monotonic: () => (elapsed += 60_000) };
    await using admin = await withTasks([CALL], { clock });
    const file = join(admin.folder, "tq.db");
    renameSync(file, `${file}.away`);
    expect(await admin.statusOf(path)).toBe(500);
    await expectSentence(admin, path, /<p class="sentence">Cannot [^<]+tq\.db/);
  });

  test("that throws while it is read: damaged, or locked", async () => {
    await using admin = await withTasks([CALL]);
    for (const [code, status] of [
      ["database", 500],
      ["busy", 503],
    ] as const) {
      admin.store.status = () => Promise.reject(new TqError(code, `Cannot use <tq.db>: ${code}`));
      expect(await admin.statusOf("/queues")).toBe(status);
      await expectSentence(admin, "/queues", /Cannot use &lt;tq\.db&gt;/);
    }
    expect(admin.events.map(({ name }) => name)).toContain("log.note");
  });

  test("to people who have signed in; others hear that it cannot be used", async () => {
    await using admin = await withTasks([CALL]);
    admin.store.tokens.find = () =>
      Promise.reject(new TqError("database", "Cannot use /srv/tq.db"));
    const answer = await post(admin, "/sign-in", { token: "wrong" });
    expect(answer.status).toBe(500);
    const html = await answer.text();
    expect(html).toContain("The database cannot be used; the log of the server says why.");
    expect(html).not.toContain("/srv");
  });

  test("and a bug says no more than that there was one", async () => {
    await using admin = await withTasks([CALL]);
    admin.store.status = () => Promise.reject(new Error("a secret of the code"));
    expect(await admin.statusOf("/")).toBe(500);
    const html = await admin.page("/");
    expect(html).toContain("Something went wrong inside tq");
    expect(html).not.toContain("a secret");
  });
});
