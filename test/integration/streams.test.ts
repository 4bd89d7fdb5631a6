/** Models print where standard output and standard error are full, closed, or have no reader. */
import { rmSync } from "node:fs";
import { expect, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { UNREAD_OUTPUTS } from "../support/tools.ts";
import { eventually } from "./support/eventually.ts";
import { Site, TQ } from "./support/site.ts";

const MODELS = `
import { Model } from "tq";
console.log("loading");
process.stdout.write("loading, raw\\n");

export class Talker extends Model {
  static override readonly __name__ = "talker";
  async say() { console.log("x".repeat(5_000)); }
  async write() { process.stdout.write("y".repeat(5_000) + "\\n"); process.stderr.write("z\\n"); }
  async begin() { process.stdout.write("not ended"); }
  async lay() { console.group("group"); console.table([{ a: 1 }]); console.log("%s!", "inside", { b: 2 }); console.log("in", 1); console.groupEnd(); console.log("out", { c: 3 }, [4]); }
}
`;

function talkers(): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  return site;
}

async function pushAll(site: Site, method: string, count = 1): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  for (const id of ids.slice(0, 1)) await site.push("talker", method, String(id));
  const rows = ids.slice(1).map((id) => `('talker', '${method}', '${id}')`);
  if (rows.length > 0) {
    site.sql(`INSERT INTO tq_push (model, method, instances) VALUES ${rows.join()}`);
  }
}

function ends(site: Site): { state: string; crashes: number; count: number }[] {
  return site.all(
    "SELECT state, crashes, count(*) AS count FROM tq__task GROUP BY state, crashes ORDER BY state",
  );
}

needs("python3").test(
  "a worker whose outputs nobody reads runs its tasks and ends",
  async () => {
    await using site = talkers();
    await pushAll(site, "say", 150);
    await pushAll(site, "write", 150);
    const worker = site.spawn([
      "python3",
      "-c",
      UNREAD_OUTPUTS,
      TQ,
      "worker",
      "-n",
      "2",
      "--drain",
    ]);
    expect((await worker.ended(20_000)).code).toBe(0);
    expect(ends(site)).toEqual([{ state: "finished", crashes: 0, count: 300 }]);
  },
  40_000,
);

test("a full standard output costs a task its lines, not its run", async () => {
  await using site = talkers();
  await pushAll(site, "write", 5);
  await pushAll(site, "say", 5);
  const command = 'exec "$0" worker -n 1 --drain >/dev/full';
  const { code, stderr } = await site.spawn(["sh", "-c", command, TQ]).ended();
  expect(code).toBe(0);
  expect(ends(site)).toEqual([{ state: "finished", crashes: 0, count: 10 }]);
  expect(stderr).toMatch(/lines? that models printed (?:is|are) lost: [^"]*ENOSPC/);
});

test("closed outputs fail no task", async () => {
  await using site = talkers();
  await pushAll(site, "write", 5);
  const worker = site.spawn(["sh", "-c", 'exec "$0" worker -n 1 --drain >&- 2>&-', TQ]);
  expect((await worker.ended()).code).toBe(0);
  expect(ends(site)).toEqual([{ state: "finished", crashes: 0, count: 5 }]);
});

test("a reader that has gone fails no task", async () => {
  await using site = talkers();
  await pushAll(site, "write", 20);
  const shell = '"$0" worker -n 1 --drain 2>&1 | :';
  await site.spawn(["sh", "-c", shell, TQ]).ended();
  expect(ends(site)).toEqual([{ state: "finished", crashes: 0, count: 20 }]);
});

test("a task prints as Bun does, with groups, tables and placeholders", async () => {
  await using site = talkers();
  await pushAll(site, "lay");
  const { stdout } = await site.run("worker", "-n", "1", "--drain");
  const [, , ...lines] = stdout.trim().split("\n");
  expect(
    lines.flatMap((line) => (JSON.parse(line) as { message: string }).message.split("\n")),
  ).toEqual([
    "group",
    "  ┌─────────┬───┐",
    "  │ (index) │ a │",
    "  ├─────────┼───┤",
    "  │    0    │ 1 │",
    "  └─────────┴───┘",
    "  inside! { b: 2 }",
    "  in 1",
    "out {",
    "  c: 3,",
    "} [ 4 ]",
  ]);
});

test("a line of the log begins behind what a task has printed to the same place", async () => {
  await using site = talkers();
  await pushAll(site, "begin");
  const shell = '"$0" worker -n 1 --drain 2>&1';
  const { stdout } = await site.spawn(["sh", "-c", shell, TQ]).ended();
  expect(stdout).toContain('not ended\n{"time"');
});

test("what models print while tq push loads them is not in its answer", async () => {
  await using site = talkers();
  const { stdout, stderr } = await site.run("push", "talker", "say", "1");
  expect(stdout).toBe("1\n");
  expect(stderr).toContain("loading\nloading, raw\n");
});

test("an answer to a closed standard output is an error", async () => {
  await using site = talkers();
  await pushAll(site, "say");
  const { code, stderr } = await site.spawn(["sh", "-c", 'exec "$0" list >&-', TQ]).ended();
  expect(stderr).toContain("tq: Cannot write the answer: standard output is closed");
  expect(code).toBe(9);
});

test("an answer of which the reader wants only the first line is no error", async () => {
  await using site = talkers();
  await pushAll(site, "say", 3_000);
  const shell = '{ "$0" list --limit 3000 --json; echo "exit $?" >&2; } | head -1';
  const { stdout, stderr } = await site.spawn(["sh", "-c", shell, TQ]).ended();
  expect(stdout).toBe("[\n");
  expect(stderr).toBe("exit 0\n");
});

test("a standard error whose file is deleted meanwhile fails no task", async () => {
  await using site = talkers();
  await site.push("talker", "write", "1");
  const worker = site.spawn(["sh", "-c", 'exec "$0" worker -n 1 2>log', TQ]);
  await eventually(
    "it writes",
    () => site.has("log") && site.read("log").includes("task.finished"),
  );
  rmSync(site.file("log"));
  const id = await site.pushOne("talker", "write", "2");
  expect(await site.becomes(id, "finished")).toMatchObject({ crashes: 0 });
  worker.kill("SIGTERM");
  expect((await worker.ended()).code).toBe(0);
  expect(site.has("log")).toBe(false);
});
