import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../src/admin/access/tokens.ts";
import { OTHERS, SeriesCounts } from "../../src/statistics/counts.ts";
import { newTask } from "../support/store.ts";
import { IS_POSTGRES, onSqlite } from "../support/tested-store.ts";
import { needs } from "../support/needs.ts";
import { makeAdmin, NOW, TOKEN } from "./support.ts";

type Admin = ReturnType<typeof makeAdmin>;

async function scrape(admin: Admin, accept = "*/*"): Promise<{ type: string; text: string }> {
  const response = await admin.app.request("/metrics", {
    headers: { authorization: `Bearer ${TOKEN}`, accept },
  });
  expect(response.status).toBe(200);
  return { type: response.headers.get("content-type") ?? "", text: await response.text() };
}

const SALE = { queue: "mail", model: "sale", method: "process" };

/** Some of everything. */
async function filled(series = SALE): Promise<Admin> {
  const admin = makeAdmin();
  await admin.store.register({ id: "w", pid: process.pid, threads: 2, queues: [] });
  const counts = new SeriesCounts();
  const of = counts.of(series);
  of.ends.finished = 3;
  of.ends.crashed = 1;
  of.measures.run.add(0.1);
  of.measures.run.add(3);
  of.measures.wait.add(5_000);
  of.measures.late_start.add(70);
  of.measures.late_end.add(1e9);
  await admin.store.statistics.add({ worker: "w", number: 1, at: NOW - 60_000, counts });
  await admin.store.push([newTask({ queue: series.queue })]);
  return admin;
}

describe("the metrics", () => {
  test("are OpenMetrics, or the text of Prometheus for those who ask for it", async () => {
    await using admin = await filled();
    const open = await scrape(admin);
    expect(open.type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text).toEndWith("\n# EOF\n");
    expect(open.text).toContain("# TYPE tq_runs counter\ntq_runs_total{");
    expect(open.text).toContain("# UNIT tq_run_seconds seconds\n");
    const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    expect((await scrape(admin, accept)).text).toBe(open.text);
    const plain = await scrape(admin, "text/plain");
    expect(plain.type).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(plain.text).toContain("# TYPE tq_runs_total counter\ntq_runs_total{");
    expect(plain.text).not.toContain("# EOF");
  });

  test("have each line in the form of OpenMetrics, and each family once", async () => {
    await using admin = await filled({ ...SALE, queue: 'a "b"\n\\c' });
    const { text } = await scrape(admin);
    const lines = text.trimEnd().split("\n");
    const label = String.raw`[a-z_]+="(?:[^"\\\n]|\\[n"\\])*"`;
    const sample = new RegExp(String.raw`^[a-z_]+(\{${label}(,${label})*\})? [-+.\de]+$`);
    const wrong = lines.filter((line) => !line.startsWith("#") && !sample.test(line));
    expect(wrong).toEqual([]);
    expect(text).toContain(String.raw`queue="a \"b\"\n\\c"`);
    const families = lines.filter((line) => line.startsWith("# TYPE"));
    expect(new Set(families).size).toBe(families.length);
    const samples = lines.flatMap((line) => /^([^#].*) /.exec(line)?.[1] ?? []);
    expect(new Set(samples).size).toBe(samples.length);
  });

  onSqlite("a server flushes its commits itself").test(
    "measure how long flushes took: those that a later commit has taken along",
    async () => {
      await using admin = makeAdmin({ durability: "full" });
      expect((await scrape(admin)).text).not.toContain("tq_flush_seconds_count");
      await admin.store.push([newTask()]);
      await admin.store.push([newTask()]); // it takes along what the first one has measured
      const { text } = await scrape(admin);
      expect(text).toContain("# TYPE tq_flush_seconds histogram\n");
      expect(text).toContain("\ntq_flush_seconds_count 1\n");
      expect(text).toMatch(/\ntq_flush_seconds_sum 0\.0\d+\n/);
    },
  );

  test("count the runs of all workers by outcome, and measure them in buckets that add up", async () => {
    await using admin = await filled();
    const { text } = await scrape(admin);
    const has = (line: string) => expect(text.split("\n")).toContain(line);
    const labels = 'queue="mail",model="sale",method="process"';
    has(`tq_runs_total{${labels},outcome="finished"} 3`);
    has(`tq_runs_total{${labels},outcome="failed"} 0`);
    has(`tq_runs_total{${labels},outcome="crashed"} 1`);
    has(`tq_run_seconds_bucket{${labels},le="0.00025"} 1`);
    has(`tq_run_seconds_bucket{${labels},le="0.001"} 1`);
    has(`tq_run_seconds_bucket{${labels},le="0.004"} 2`);
    has(`tq_run_seconds_bucket{${labels},le="+Inf"} 2`);
    has(`tq_run_seconds_count{${labels}} 2`);
    has(`tq_run_seconds_sum{${labels}} 0.0031`);
    has('tq_wait_seconds_bucket{queue="mail",le="4.096"} 0');
    has('tq_wait_seconds_bucket{queue="mail",le="16.384"} 1');
    has('tq_late_end_seconds_bucket{queue="mail",le="268435.456"} 0');
    has('tq_late_end_seconds_bucket{queue="mail",le="+Inf"} 1');
  });

  test("show how queues, workers and files stand", async () => {
    await using admin = await filled();
    await admin.post("/api/v1/pauses", { queue: "mail" });
    const { text } = await scrape(admin);
    const has = (line: string) => expect(text.split("\n")).toContain(line);
    has("tq_tasks_pushed_total 1");
    has('tq_queue_tasks{queue="mail",state="ready"} 1');
    has('tq_queue_oldest_ready_seconds{queue="mail"} 0');
    has('tq_queue_served{queue="mail"} 1');
    has('tq_queue_paused{queue="mail"} 1');
    has('tq_workers{state="running"} 1');
    has('tq_threads{state="running"} 2');
    has('tq_threads_busy{state="running"} 0');
    has('tq_pauses{kind="queue"} 1');
    has("tq_workers_rescued_total 0");
    expect(text).toMatch(/^tq_database_file_bytes [1-9]/m);
  });

  test("give the largest queues gauges of their own, and add up the others", async () => {
    await using admin = makeAdmin();
    const names = Array.from({ length: 230 }, (_, index) => `q${index}`);
    await admin.store.push(names.map((queue) => newTask({ queue })));
    await admin.store.push([newTask({ queue: "large" }), newTask({ queue: "large" })]);
    const { text } = await scrape(admin);
    const ready = [...text.matchAll(/^tq_queue_tasks\{queue="(.*)",state="ready"\} (\d+)$/gm)];
    const found = new Map(ready.map(([, queue = "", count]) => [queue, Number(count)]));
    expect(found.size).toBe(201);
    expect(found.get("large")).toBe(2);
    expect(found.get(OTHERS)).toBe(31);
  });

  test("are all listed in docs/metrics.md, with their types and labels", async () => {
    await using admin = await filled();
    const { text } = await scrape(admin, "text/plain");
    const labelsOf = (name: string) => {
      const [, inside = ""] =
        new RegExp(String.raw`^${name}(?:_bucket)?\{(.*)\}`, "m").exec(text) ?? [];
      const names = [...inside.matchAll(/([a-z_]+)="/g)].map(([, label = ""]) => label);
      return names.filter((label) => label !== "le");
    };
    const served = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [
      name,
      type,
      labelsOf(name),
    ]);
    const page = readFileSync(join(import.meta.dir, "../../docs/metrics.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(tq_\w+)` +\| (\w+) +\| ([^|]*) \| (.*) \|$/gm)];
    const listed = rows
      .filter(([, , , , words = ""]) => !IS_POSTGRES || !words.includes("not on PostgreSQL"))
      .map(([, name, type, labels = ""]) => [
        name,
        type,
        [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
      ]);
    expect(listed as unknown[]).toEqual(served);
  });

  test("need a token with the role read", async () => {
    await using admin = makeAdmin();
    expect((await admin.app.request("/metrics")).status).toBe(401);
    await admin.store.tokens.add({ name: "shop", roles: ["push"] }, digestOf("shop"));
    await admin.store.tokens.add({ name: "look", roles: ["read"] }, digestOf("look"));
    const status = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await admin.app.request("/metrics", { headers })).status;
    };
    expect([await status("shop"), await status("look")]).toEqual([403, 200]);
  });
});

needs("promtool").test("promtool finds no fault in the metrics", async () => {
  await using admin = await filled({ ...SALE, queue: 'a "b"\n\\c' });
  const { text } = await scrape(admin, "text/plain");
  const { exitCode, stdout, stderr } = Bun.spawnSync(["promtool", "check", "metrics"], {
    stdin: new TextEncoder().encode(text),
  });
  expect(stdout.toString() + stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
});
