/** Pages of a database that cannot be read: a sentence for people. */
import { describe, expect, test } from "bun:test";
import { TqError } from "../../../src/errors.ts";
import { expectSentence, post, withTasks } from "./person.ts";
import { CALL } from "../support.ts";

describe("where the database cannot be read, a page says why in a sentence", () => {
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
