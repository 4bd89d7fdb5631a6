/** A task that changes the state of its whole process hurts neither the worker nor the tasks after it. */
import { expect, test } from "bun:test";
import { Site } from "./support/site.ts";

const MODELS = `
import { writeFileSync } from "node:fs";
import { Model, ModelSQL, push, v } from "tq";

export class Row extends ModelSQL("row", { text: v.string() }) {}

export class State extends Model {
  static override readonly __name__ = "state";
  async folder() { process.chdir("/"); }
  async mask() { process.umask(0o777); }
  async environment() {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, {
      TQ_DATABASE__PATH: "/nowhere/tq.db",
      TQ_WORKER__THREADS: "junk",
      TQ_MODELS: "/nowhere",
      TQ_CONFIG: "/nowhere/tq.toml",
    });
  }
  async status() { process.exitCode = 7; }
  async signals() {
    process.removeAllListeners("SIGTERM");
    process.on("SIGTERM", () => {});
    process.on("SIGHUP", () => {});
  }
  async title() { process.title = "x".repeat(1000); }
  async streams() {
    process.stdout.end("ended\\n");
    process.stdout.destroy();
    process.stderr.destroy(new Error("destroyed"));
    process.stdout.emit("close");
  }
  async exit() { process.exit(3); }
  async work() {
    await Row.create([{ text: "written" }]);
    console.log("printed");
    if (this.id === 1) await push({ model: "state", method: "work", instances: 2 });
  }
}
`;

for (const method of ["folder", "mask", "environment", "status", "signals", "title", "streams"]) {
  test(`a task that changes the ${method} of its process leaves the worker whole`, async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const changing = await site.pushOne("state", method, "1");
    const worker = await site.worker(["-n", "1"], { env: { TQ_WORKER__MAX_CRASHES: "1" } });
    expect((await site.becomes(changing, "finished")).crashes).toBe(0);
    const exit = await site.pushOne("state", "exit", "1"); // a new thread follows
    await site.becomes(exit, "failed");
    const first = await site.pushOne("state", "work", "1");
    await site.becomes(first, "finished");
    const second = site.one<{ id: number }>("SELECT max(id) AS id FROM tq__task").id;
    expect(second).toBeGreaterThan(first);
    await site.becomes(second, "finished");
    expect(site.all("SELECT text FROM row")).toHaveLength(2);
    worker.kill("SIGTERM");
    const { code, stdout } = await worker.ended();
    expect(code).toBe(0);
    expect(stdout.match(/printed/g)).toHaveLength(2);
    expect(site.has("tq.db-workers")).toBe(false);
  });
}
