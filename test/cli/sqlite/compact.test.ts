/** `tq compact`. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { newTask } from "../../support/store.ts";
import { Folder } from "../tq.ts";

/** A folder with a queue of two tasks. */
async function withQueue(): Promise<Folder> {
  const folder = new Folder();
  const store = folder.store();
  await store.push([newTask(), newTask()]);
  await store.close();
  return folder;
}

test("tq compact gives back what deleted tasks have left, also beside other programs", async () => {
  await using folder = new Folder();
  const store = folder.store();
  const args = JSON.stringify(["x".repeat(2_000)]);
  const ids = await store.push(Array.from({ length: 2_000 }, () => newTask({ args })));
  for (const id of ids.slice(1)) await store.cancel(id);
  await store.clean({ finishedBefore: 1e15, failedBefore: 1e15, limit: 5_000 });
  const { code, stdout } = await folder.tq("compact", "--json");
  expect(code).toBe(0);
  const { before, after } = JSON.parse(stdout) as { before: number; after: number };
  expect(after).toBeLessThan(before / 2);
  expect((await store.status()).free_size).toBe(0);
  expect(await store.list()).toHaveLength(1);
  await store.close();
});

test("tq compact says what stays in a file that only --full makes smaller", async () => {
  await using folder = await withQueue();
  using db = new Database(folder.file("tq.db"));
  for (const sql of ["journal_mode = DELETE", "auto_vacuum = 0"]) db.run(`PRAGMA ${sql}`);
  db.run("VACUUM");
  db.run("CREATE TABLE big AS SELECT randomblob(100000) AS bytes");
  db.run("DROP TABLE big");
  db.close();
  const { code, stderr } = await folder.tq("compact");
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^tq: 10\d\.\d kB of it are free and stay: another program has made the file so \(PRAGMA auto_vacuum\); tq compact --full gives them back\n$/,
  );
  expect((await folder.tq("compact", "--full")).stderr).toBe("");
  expect((await folder.tq("compact")).stderr).toBe("");
});

test("tq compact --full writes the file anew, and is refused while a worker lives", async () => {
  await using folder = await withQueue();
  const store = folder.store();
  await store.register({ id: "w1", pid: 77, threads: 1, queues: [] });
  const refused = await folder.tq("compact", "--full");
  expect([refused.code, refused.stderr]).toEqual([
    4,
    `tq: Cannot compact ${folder.file("tq.db")}: worker w1 (pid 77) lives; stop it first\n`,
  ]);
  await store.unregister("w1");
  await store.close();
  const { code, stdout } = await folder.tq("compact", "--full");
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^.* before, .* now\n$/)]);
  const after = folder.store();
  expect(await after.list()).toHaveLength(2);
  await after.close();
});
