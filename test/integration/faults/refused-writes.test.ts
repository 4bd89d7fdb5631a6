/** Files that the system lets no program change, or not this user, beside a worker that has nothing to do. */
import { chmodSync } from "node:fs";
import { expect, setDefaultTimeout } from "bun:test";
import { needs } from "../../support/needs.ts";
import { OBEYING } from "../../support/tools.ts";
import { siteWithModels } from "../support/models.ts";
import { type Site, TQ } from "../support/site.ts";
import { refuseWrites, refuseWritesTo, setAttribute } from "./machine.ts";
import { expectEachOnce, post } from "./steps.ts";

setDefaultTimeout(60_000);

interface Fault {
  readonly needed: ReturnType<typeof needs>;
  /** @returns a function that ends it. */
  readonly begin: (site: Site) => () => void;
  readonly words: string;
}

const attribute = (file: string, letter: "i" | "a"): Fault => ({
  needed: needs("chattr"),
  begin: (site) => setAttribute(site.file(file), letter),
  words: "(EPERM); take its attribute away with chattr -i -a",
});

const FAULTS: Record<string, Fault> = {
  "its file system is read-only": {
    needed: needs("mount"),
    begin: refuseWrites,
    words: "its file system is mounted read-only (EROFS)",
  },
  "its log alone is on a read-only file system": {
    needed: needs("mount"),
    begin: (site) => refuseWritesTo(site.file("tq.db-wal")),
    words: "tq.db-wal is on a file system that is mounted read-only (EROFS)",
  },
  "its database is immutable": attribute("tq.db", "i"),
  "its log is immutable": attribute("tq.db-wal", "i"),
  "its log can be read, and only opening it for writing is refused": attribute("tq.db-wal", "a"),
  "its user may not write the database": {
    needed: needs("setpriv"),
    begin: (site) => {
      chmodSync(site.file("tq.db"), 0o444);
      return () => chmodSync(site.file("tq.db"), 0o644);
    },
    words: "read-only for this user; give this user write permission",
  },
};

needs("chattr").test(
  "tasks are listed where only opening the database for writing is refused",
  async () => {
    await using site = siteWithModels();
    await site.push("job", "add", "1");
    const end = setAttribute(site.file("tq.db"), "a");
    try {
      expect(await site.run("list")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("job.add"),
      });
      const status = await site.run("status");
      expect(status).toMatchObject({ code: 1, stdout: expect.stringContaining("(EPERM)") });
    } finally {
      end();
    }
  },
);

for (const [name, { needed, begin, words }] of Object.entries(FAULTS)) {
  needed.test(`a worker and tq status say that pushes are refused where ${name}`, async () => {
    await using site = siteWithModels();
    const tq = (...args: string[]) => site.spawn([...OBEYING, TQ, ...args]);
    const worker = tq("worker", "-n", "1", "--admin", "--listen", "127.0.0.1:0");
    const { url } = await worker.says("admin.listening");
    await worker.says("worker.started");
    const health = async () => (await fetch(`${String(url)}/healthz`)).status;
    const first = await site.pushOne("job", "add", "1");
    await worker.says("task.finished", { task: first });
    expect(await health()).toBe(200);
    expect(await tq("status").ended()).toMatchObject({ code: 0 });

    const end = begin(site);
    try {
      const pushed = await tq("push", "job", "add", "2").ended();
      expect(pushed).toMatchObject({ code: 6, stderr: expect.stringContaining(words) });
      const status = await tq("status", "--json").ended();
      expect(JSON.parse(status.stdout)).toMatchObject({
        problems: [expect.stringContaining(words)],
      });
      expect(status).toMatchObject({ code: 1, stderr: "" });
      expect(await health()).toBe(503);
      const second = await tq("worker").ended();
      expect(second).toMatchObject({ code: 6, stderr: expect.stringContaining(words) });
    } finally {
      end();
    }
    expect(await health()).toBe(200);
    expect(await tq("status").ended()).toMatchObject({ code: 0 });
    expect((await post(site, url, 3)).status).toBe(201);
    await worker.says("task.finished", { task: first + 1 });
    expectEachOnce(site, [1, 3]);
  });
}
