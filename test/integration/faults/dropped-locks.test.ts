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

const READERS = `
import { readdirSync, readFileSync, statSync } from "node:fs";
import { Model, ModelSQL, backup, v } from "tq";

export class Effect extends ModelSQL("effect", { key: v.number() }) {}

export class Job extends Model {
  static override readonly __name__ = "job";
  async add() { await Effect.create([{ key: this.id }]); }
  async save(file: string) { await this.add(); await backup(file); }
  readAll() {
    for (const name of readdirSync(".", { recursive: true }))
      if (statSync(name).isFile()) readFileSync(name);
  }
  async copy() { await Bun.write("copy.db", Bun.file("tq.db")); }
}
`;

describe("a file of the database", () => {
  const refusal = (site: Site) => `tq has the database ${site.file("tq.db")} open in this process`;

  test("is refused to a task, which fails, while its worker goes on and backup() copies it", async () => {
    await using site = new Site();
    site.write("models.ts", READERS);
    const worker = await site.worker(["-n", "1"]);
    for (const method of ["readAll", "copy"]) {
      const id = await site.pushOne("job", method, "1");
      const { error } = await worker.says("task.failed", { task: id });
      expect((error as Error).message).toContain(refusal(site));
    }
    await worker.says("task.finished", { task: await site.pushOne("job", "add", "1") });
    const saved = await site.pushOne("job", "save", "2", "--args", '["copy.db"]');
    await worker.says("task.finished", { task: saved });
    worker.kill("SIGTERM");
    expect((await worker.ended()).code).toBe(0);
    const { stdout } = await site.run("-d", "copy.db", "list", "--state", "running", "--json");
    expect(stdout).toContain('"method": "save"');
  });

  test("is refused to a program that has a worker in it", async () => {
    await using site = new Site();
    site.write("models.ts", READERS);
    site.write(
      "app.ts",
      `import { readFileSync } from "node:fs";
       import { startWorker } from "tq";
       const worker = await startWorker({ threads: 1 });
       for (const read of [() => readFileSync("tq.db"), () => Bun.file("tq.db").text()]) {
         try { await read(); console.log("read"); } catch (error) { console.log(error.message); }
       }
       await worker.stop();
       console.log(readFileSync("tq.db").length > 0);
       process.exit(0);`,
    );
    const { stdout } = await site.run("run", "app.ts");
    expect(stdout.trim().split("\n")).toEqual([
      expect.stringContaining(refusal(site)),
      expect.stringContaining(refusal(site)),
      "true",
    ]);
  });
});

needs("Linux").describe("a task whose native code opens and closes", () => {
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
