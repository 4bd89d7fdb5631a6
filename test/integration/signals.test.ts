/** A closed terminal, and a program that is the first of a container. */
import { expect, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import { type Site, TQ } from "./support/site.ts";

async function runningTask(site: Site, prefix: string[]) {
  const worker = site.spawn([...prefix, TQ, "worker", "-n", "1"]);
  await worker.says("worker.started");
  const id = await site.pushOne("job", "linger", "1");
  await worker.says("task.started", { task: id });
  return { worker, id };
}

test("SIGHUP lets what runs end, and the worker exits with 0", async () => {
  await using site = siteWithModels();
  const { worker, id } = await runningTask(site, []);
  worker.kill("SIGHUP");
  await worker.says("worker.stopping");
  site.write("go", "");
  expect((await worker.ended()).code).toBe(0);
  expect(site.task(id)).toMatchObject({ state: "finished", claim: 1 });
});

test("a worker that was started to outlive its terminal goes on after SIGHUP", async () => {
  await using site = siteWithModels();
  const { worker, id } = await runningTask(site, ["sh", "-c", 'trap "" HUP; exec "$0" "$@"']);
  worker.kill("SIGHUP");
  site.write("go", "");
  await site.becomes(id, "finished");
  expect(worker.find("worker.stopping")).toBeUndefined();
  worker.kill("SIGTERM");
  expect((await worker.ended()).code).toBe(0);
});

test("tq serve exits with 0 after SIGHUP", async () => {
  await using site = siteWithModels();
  const serving = site.start(["serve", "--listen", "127.0.0.1:0"]);
  await serving.says("admin.listening");
  serving.kill("SIGHUP");
  expect((await serving.ended()).code).toBe(0);
});

needs("unshare").describe("the first program of a container", () => {
  const FIRST = ["unshare", "--pid", "--fork", "--kill-child"];

  async function child(pid: number): Promise<number> {
    const file = Bun.file(`/proc/${pid}/task/${pid}/children`);
    return eventually("it has started", async () => Number(await file.text()));
  }

  test("ends a waiting push at SIGINT", async () => {
    await using site = siteWithModels();
    const push = site.spawn([...FIRST, TQ, "push", "job", "add", "1", "--wait"]);
    await eventually("it waits", () => push.stderr.includes("Waiting"));
    process.kill(await child(push.pid), "SIGINT");
    expect((await push.ended()).code).toBe(130);
  });

  test("leaves the signal to a program that handles it", async () => {
    await using site = siteWithModels();
    site.write(
      "program.ts",
      `process.on("SIGTERM", () => { console.log("handled"); process.exit(3); });
      console.log("ready");
      setInterval(() => {}, 1_000);`,
    );
    const program = site.spawn([...FIRST, TQ, "run", "program.ts"]);
    await eventually("it is ready", () => program.stdout.includes("ready"));
    process.kill(await child(program.pid), "SIGTERM");
    expect(await program.ended()).toMatchObject({ code: 3, stdout: "ready\nhandled\n" });
  });
});
