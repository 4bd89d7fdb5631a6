/** The moment in which a file takes the place of a database. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { FormerDatabase } from "../../../src/sqlite/restore/replace.ts";
import { startHelper } from "../../support/process.ts";
import { pushOne } from "../../support/store.ts";
import { untilTrue } from "../../support/until.ts";
import { restoreSubject } from "./subject.ts";

/** True once a process has this file open. */
function hasOpen(pid: number, path: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((name) => {
    try {
      return readlinkSync(`${folder}/${name}`) === path;
    } catch {
      return false; // closed meanwhile
    }
  });
}

describe.skipIf(process.platform !== "linux")("a program that opens the database then", () => {
  test("waits, and is refused: it does not go on in the former one", async () => {
    await using subject = restoreSubject();
    const { path, copy } = subject;
    await subject.use(async (store) => {
      await pushOne(store, { ref: "both" });
      await store.backup(copy);
    });
    const aside = subject.file("aside.db");
    const former = new FormerDatabase(path, "Cannot test");
    await using program = startHelper(`
      const { SqliteStore } = await import("./src/sqlite/store.ts");
      try {
        new SqliteStore({ path: ${JSON.stringify(path)}, timeout: 60_000 });
        console.log("opened");
      } catch (error) {
        console.log(error.code + " " + error.message);
      }`);
    await untilTrue(() => hasOpen(program.pid, path));
    former.replaceBy(copy, aside);
    former[Symbol.dispose]();
    expect(await program.line()).toBe(
      `database Cannot write to ${path}: the file was moved, deleted or replaced while it was in use; put it back, or start this program again`,
    );
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await subject.use((store) => store.list())).toHaveLength(1);
  });

  test("finds one with two names where the process was killed, and a later restore goes on", async () => {
    await using subject = restoreSubject();
    const { path, copy } = subject;
    await subject.use(async (store) => {
      await pushOne(store);
      await store.backup(copy);
    });
    await using program = startHelper(`
      const fs = await import("node:fs");
      fs.linkSync(${JSON.stringify(path)}, ${JSON.stringify(subject.file("aside.db"))});
      console.log("linked");`);
    await program.line();
    expect(statSync(path).nlink).toBe(2);
    expect(subject.restore()).toMatchObject({ tasks: { ready: 1 } });
    expect(await subject.use((store) => store.list())).toHaveLength(1);
  });
});
