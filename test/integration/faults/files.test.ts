/** Files that become read-only, are deleted or are replaced under a running worker. */
import { chmodSync, copyFileSync, renameSync, rmSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../../support/needs.ts";
import { OBEYING } from "../../support/tools.ts";
import { eventually } from "../support/eventually.ts";
import { siteWithModels } from "../support/models.ts";
import { type Site, TQ } from "../support/site.ts";
import { expectEachOnce, post } from "./steps.ts";

setDefaultTimeout(60_000);

needs("setpriv").describe("a file that becomes read-only", () => {
  const files = ["tq.db", "tq.db-wal", "tq.db-shm"];

  /** @throws where this user writes it all the same: then nothing would be tested. */
  function protect(site: Site): () => void {
    for (const name of files) chmodSync(site.file(name), 0o444);
    const { exitCode } = Bun.spawnSync([...OBEYING, "sh", "-c", `: >> ${site.file("tq.db")}`], {
      stderr: "ignore",
    });
    if (exitCode === 0)
      throw new Error("A read-only file can be written here, also without root's rights");
    return () => files.forEach((name) => chmodSync(site.file(name), 0o644));
  }

  const message = (site: Site) =>
    `Cannot write to ${site.file("tq.db")}: ${site.file("tq.db")} is read-only for this user; give this user write permission`;

  test("refuses pushes and workers with a sentence; who has it open works on; all work when it is writable again", async () => {
    await using site = siteWithModels();
    const start = (...args: string[]) => site.spawn([...OBEYING, TQ, ...args]);
    const worker = start("worker", "-n", "2");
    await worker.says("worker.started");
    const server = start("serve", "--listen", "127.0.0.1:0");
    const { url } = await server.says("admin.listening");
    const running = await site.pushOne("job", "linger", "1");
    await worker.says("task.started", { task: running });

    const allow = protect(site);
    const push = await start("push", "job", "add", "2").ended();
    expect(push).toMatchObject({ code: 6, stdout: "" });
    expect(push.stderr).toContain(message(site));
    const second = await start("worker").ended();
    expect(second.code).toBe(6);
    expect(second.stderr).toContain(message(site));
    expect((await post(site, url, 3)).status).toBe(201);
    site.write("go", "");
    await worker.says("task.finished", { task: running });

    allow();
    expect((await post(site, url, 4)).status).toBe(201);
    expect((await start("push", "job", "add", "5").ended()).code).toBe(0);
    await eventually("all have run", () => site.effects().size === 4);
    expectEachOnce(site, [1, 3, 4, 5]);
  });
});

describe("files that change behind the back of a worker and a server", () => {
  const change = {
    "the log is deleted": { file: "tq.db-wal", how: (path: string) => rmSync(path) },
    "the index of the log is deleted": { file: "tq.db-shm", how: (path: string) => rmSync(path) },
    "the database is deleted": { file: "tq.db", how: (path: string) => rmSync(path) },
    "the database is replaced": {
      file: "tq.db",
      how: (path: string) => {
        copyFileSync(path, `${path}-copy`);
        renameSync(`${path}-copy`, path);
      },
    },
  };

  test.each(Object.entries(change))(
    "%s: nothing is acknowledged any more, the worker ends",
    async (_name, { file, how }) => {
      await using site = siteWithModels();
      const message = `Cannot commit: ${site.file(file)} was deleted or replaced while it was in use; stop every program that uses the database, put that file back, or restore a backup with tq restore, and start again`;
      const worker = await site.worker(["-n", "2"]);
      const server = site.start(["serve", "--listen", "127.0.0.1:0"]);
      const { url } = await server.says("admin.listening");
      const running = await site.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: running });
      expect((await post(site, url, 2)).status).toBe(201);
      await worker.says("task.finished", { task: running + 1 });

      how(site.file(file));
      site.write("go", "");
      const posted = await post(site, url, 3);
      expect(posted.status).toBe(500);
      expect(await posted.text()).toContain(message.replaceAll(`${site.path}/`, "")); // a caller needs no path
      const { code, stderr } = await worker.ended();
      expect(code).toBe(6);
      expect(stderr).toContain(message);
      expect(worker.find("task.finished", { task: running })).toBeUndefined();
      expect((await post(site, url, 4)).status).toBe(500);
      server.kill("SIGTERM");
      await server.ended();

      // No program makes an empty queue in place of the lost one: a person takes the log away first.
      if (!site.has("tq.db")) {
        expect((await site.run("push", "job", "add", "5")).code).toBe(6);
        expect(site.has("tq.db")).toBe(false);
        rmSync(site.file("tq.db-wal"));
      }
      // What was committed before may be gone, but what is there works.
      expect((await site.run("push", "job", "add", "5")).code).toBe(0);
      expect((await site.run("worker", "--drain")).code).toBe(0);
      expect(site.effectsOf(5)).toBe(1);
      expect(Math.max(...site.effects().values())).toBe(1);
    },
  );
});

test("a worker whose proof of life was removed ends with 6, and its task is run by another one", async () => {
  await using site = siteWithModels();
  const worker = await site.worker(["-n", "1"]);
  const id = await site.pushOne("job", "linger", "1");
  await worker.says("task.started", { task: id });
  rmSync(site.file("tq.db-workers"), { recursive: true });
  const { code, stderr } = await worker.ended(15_000);
  expect(code).toBe(6);
  expect(stderr).toContain("other workers take this one for dead; start it again");
  site.write("go", "");
  expect((await site.run("worker", "--drain")).code).toBe(0);
  expectEachOnce(site, [1]);
});
