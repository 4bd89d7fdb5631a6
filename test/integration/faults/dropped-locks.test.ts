/** Tasks that open and close the files of the database, and with them drop the locks of their worker's process. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { needs } from "../../support/needs.ts";
import { eventually } from "../support/eventually.ts";
import { Site } from "../support/site.ts";

setDefaultTimeout(60_000);

/** The C library opens and closes, as a native addon would: no function of Bun is called. */
const MODELS = `
import { dlopen, ptr } from "bun:ffi";
import { existsSync } from "node:fs";
import { Model, ModelSQL, v } from "tq";

const { symbols } = dlopen("libc.so.6", {
  open: { args: ["ptr", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
});

export class Effect extends ModelSQL("effect", { key: v.number() }) {}

export class Job extends Model {
  static override readonly __name__ = "job";
  async add() { await Effect.create([{ key: this.id }]); }
  async touch(...files: string[]) {
    for (const file of files) symbols.close(symbols.open(ptr(Buffer.from(file + "\\0")), 0));
    await Bun.write("touched", "");
    while (!existsSync("go")) await Bun.sleep(5);
    await this.add();
  }
}
`;

function siteWithNativeCode(): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  return site;
}

describe("a task whose native code opens and closes", () => {
  needs("sqlite3").test(
    "the database and the locks of workers runs on, and no other worker runs it",
    async () => {
      await using site = siteWithNativeCode();
      const worker = await site.worker(["-n", "1"]);
      const locks = readdirSync(site.file("tq.db-workers")).map((name) => `tq.db-workers/${name}`);
      const files = JSON.stringify(["tq.db", "tq.db-wal", ...locks]);
      const id = await site.pushOne("job", "touch", "1", "--args", files);
      await eventually("the task has touched them", () => site.has("touched"));
      const shell = await site.spawn(["sqlite3", site.file("tq.db"), "SELECT 1"]).ended();
      expect(shell).toMatchObject({ code: 0, stdout: "1\n", stderr: "" });
      const other = await site.worker(["-n", "1"]);
      const next = await site.pushOne("job", "add", "2");
      await other.says("task.finished", { task: next });
      site.write("go", "");
      await worker.says("task.finished", { task: id });
      expect(other.find("worker.rescued")).toBeUndefined();
      expect(site.effectsOf(1)).toBe(1);
      for (const each of [worker, other]) {
        each.kill("SIGTERM");
        expect((await each.ended()).code).toBe(0);
      }
    },
  );

  test("the index of the log ends its worker with 6, which commits nothing and names the task", async () => {
    await using site = siteWithNativeCode();
    const worker = await site.worker(["-n", "1"]);
    const id = await site.pushOne("job", "touch", "1", "--args", '["tq.db-shm"]');
    const { code, stderr } = await worker.ended();
    expect(code).toBe(6);
    expect(stderr).toContain(
      `Cannot commit: code in this process has opened and closed ${site.file("tq.db-shm")}`,
    );
    expect(stderr).toContain(`when the database was found lost, and ready again: task ${id}`);
    expect(worker.find("task.finished")).toBeUndefined();
    site.write("go", "");
    expect((await site.run("cancel", String(id))).code).toBe(0);
    await site.pushOne("job", "add", "2");
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expect([...site.effects()]).toEqual([[2, 1]]);
    using database = site.connect();
    expect(database.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  });
});
