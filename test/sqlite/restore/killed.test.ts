/** The files of a restore that was killed after the database got its second name. */
import { describe, expect, test } from "bun:test";
import { existsSync, linkSync, readdirSync, statSync } from "node:fs";
import { openAlone } from "../../../src/sqlite/file/alone.ts";
import { FormerDatabase } from "../../../src/sqlite/restore/replace.ts";
import { errorOf } from "../../support/error.ts";
import { pushOne } from "../../support/store.ts";
import { restoreSubject } from "./subject.ts";

const LEFT = "tq.db.former-2026-01-01T000000.000Z";

/** A queue with a backup, as the killed restore left it. */
async function killed() {
  const subject = restoreSubject();
  await subject.use(async (store) => {
    await pushOne(store);
    await store.backup(subject.copy);
  });
  linkSync(subject.path, subject.file(LEFT));
  return subject;
}

describe.skipIf(process.platform === "win32")("a restore that was killed", () => {
  test("leaves a second name, which the next program removes", async () => {
    await using subject = await killed();
    expect(await subject.use((store) => store.list())).toHaveLength(1);
    expect(existsSync(subject.file(LEFT))).toBe(false);
    expect(statSync(subject.path).nlink).toBe(1);
  });

  test("leaves a second name, which stays while a restore has the database", async () => {
    await using subject = await killed();
    using _restore = openAlone(subject.path, "Cannot test");
    expect(await errorOf(() => subject.use(pushOne))).toMatchObject({
      code: "busy",
      message: expect.stringContaining("a restore is under way"),
    });
    expect(existsSync(subject.file(LEFT))).toBe(true);
  }, 20_000);

  test("leaves no name of the same file to the next restore", async () => {
    await using subject = await killed();
    const { former } = subject.restore();
    expect(existsSync(subject.file(LEFT))).toBe(false);
    expect(statSync(former ?? "").nlink).toBe(1);
    expect(readdirSync(subject.file(""))).toHaveLength(3);
  });

  test("leaves no journal of the former database beside the new one", async () => {
    await using subject = await killed();
    const former = new FormerDatabase(subject.path, "Cannot test");
    former.replaceBy(subject.copy, subject.file("aside.db"));
    expect(readdirSync(subject.file(""))).not.toContain("tq.db-journal");
    former[Symbol.dispose]();
  });
});
