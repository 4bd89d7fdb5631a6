/** Commands end although the models, at the top level of their files, hold something open. */
import { expect, test } from "bun:test";
import { Site, TQ } from "./support/site.ts";

const MODELS = `
import { watch } from "node:fs";
import { Model, push } from "tq";
setInterval(() => {}, 1_000);
Bun.serve({ port: 0, fetch: () => new Response("") });
watch(".", () => {});
process.exitCode = 1;

export class Held extends Model {
  static override readonly __name__ = "held";
  async work() {}
  async fail() { throw new Error("no"); }
}
`;

function held(): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  return site;
}

test("tq push prints its id and exits with 0", async () => {
  await using site = held();
  expect(await site.run("push", "held", "work", "1")).toEqual({
    code: 0,
    stdout: "1\n",
    stderr: expect.stringMatching(/^[^\n]*"event":"store.made"[^\n]*\n$/),
  });
});

test("tq push --wait exits with the end of the task", async () => {
  await using site = held();
  const env = { TQ_QUEUE__WORKER: "false" };
  const finished = await site.start(["push", "held", "work", "1", "--wait"], { env }).ended();
  expect([finished.code, finished.stdout]).toEqual([0, "1\n"]);
  const failed = await site.start(["push", "held", "fail", "1", "--wait"], { env }).ended();
  expect([failed.code, failed.stdout]).toEqual([1, "2\n"]);
  expect(failed.stderr).toContain("task.failed"); // the log is whole
});

test("tq push exits with the code of its refusal", async () => {
  await using site = held();
  const { code, stderr } = await site.run("push", "held", "wrok", "1");
  expect(stderr).toContain('did you mean "work"?');
  expect(code).toBe(3);
});

test("tq push writes its whole answer into a pipe that is read late", async () => {
  await using site = held();
  const ids = JSON.stringify(Array.from({ length: 100_000 }, (_, index) => index + 1_000_000));
  site.write("ids", ids);
  const shell = `"$0" push held work - --json <ids | { until test -s tq.db; do sleep 0.01; done; cat; }`;
  const { stdout } = await site.spawn(["sh", "-c", shell, TQ]).ended();
  expect(JSON.parse(stdout)[0].instances).toHaveLength(100_000);
});

test("tq serve exits with 0 after SIGTERM", async () => {
  await using site = held();
  const serving = site.start(["serve", "--listen", "127.0.0.1:0"]);
  await serving.says("admin.listening");
  serving.kill("SIGTERM");
  expect((await serving.ended()).code).toBe(0);
});

test("tq worker exits with 0 after its last task", async () => {
  await using site = held();
  await site.push("held", "work", "1");
  expect((await site.run("worker", "-n", "1", "--drain")).code).toBe(0);
});

test("tq run goes on while its program holds something open, and exits with the status that it sets", async () => {
  await using site = held();
  site.write("program.ts", 'process.exitCode = 4; setTimeout(() => console.log("later"), 50);');
  expect(await site.run("run", "program.ts")).toEqual({ code: 4, stdout: "later\n", stderr: "" });
});
