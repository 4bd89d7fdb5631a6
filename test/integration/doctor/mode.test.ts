/** The mode belongs to the database: a program with other settings follows it, and says so. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../../support/needs.ts";
import { OBEYING } from "../../support/tools.ts";
import { Site, TQ } from "../support/site.ts";
import { MODEL, PLAIN, project, TOML } from "./support.ts";

setDefaultTimeout(60_000);

const NOTE = "this program follows the database";

/** Pushes from a folder of its own, as cron does, with what tq.toml says there. */
async function fromElsewhere(site: Site, toml: string | null, ...flags: string[]) {
  const cwd = site.file("cron");
  mkdirSync(cwd, { recursive: true });
  site.write("cron/models.ts", MODEL);
  if (toml !== null) site.write("cron/tq.toml", toml);
  const args = ["push", "job", "add", "1", "-d", site.file("tq.db"), ...flags];
  return site.start(args, { cwd, env: PLAIN }).ended();
}

function states(site: Site): string[] {
  return site
    .all<{ state: string }>("SELECT state FROM tq__task ORDER BY id")
    .map((row) => row.state);
}

function remembered(site: Site) {
  return site.one<{ worker: number; origin: string }>("SELECT worker, origin FROM tq__mode");
}

test("a program in another folder, without a tq.toml, leaves its task to the workers, and says why", async () => {
  await using site = await project();
  expect(remembered(site)).toEqual({ worker: 1, origin: site.file("tq.toml") });
  const { code, stderr } = await fromElsewhere(site, null);
  expect(code).toBe(0);
  expect(stderr).toContain(
    `by default here, and true for the database, as ${site.file("tq.toml")} said: ${NOTE}`,
  );
  expect(states(site)).toEqual(["ready", "ready"]);
});

test("it needs no models then", async () => {
  await using site = await project();
  mkdirSync(site.file("empty"));
  const args = ["push", "job", "add", "1", "-d", site.file("tq.db")];
  const { code } = await site.start(args, { cwd: site.file("empty"), env: PLAIN }).ended();
  expect(code).toBe(0);
  expect(states(site)).toEqual(["ready", "ready"]);
});

test("a file that says otherwise does not change the mode of the database", async () => {
  await using site = await project();
  const { stderr } = await fromElsewhere(site, "[queue]\nworker = false\n");
  expect(stderr).toContain(
    `queue.worker is false in ${site.file("cron/tq.toml")}, and true for the database`,
  );
  expect(states(site)).toEqual(["ready", "ready"]);
  expect(remembered(site).worker).toBe(1);
});

test("a flag says it for one program", async () => {
  await using site = await project();
  const { code, stderr } = await fromElsewhere(site, null, "--worker=false");
  expect(code).toBe(0);
  expect(stderr).not.toContain(NOTE);
  expect(states(site)).toEqual(["ready", "finished"]);
  expect(remembered(site).worker).toBe(1);
});

test("the file that has said it changes it", async () => {
  await using site = await project();
  site.write("tq.toml", "[queue]\nworker = false\n");
  const push = ["push", "job", "add", "1"];
  expect((await site.start(push, { env: PLAIN }).ended()).stderr).not.toContain(NOTE);
  expect(states(site)).toEqual(["ready", "finished"]);
  expect(remembered(site).worker).toBe(0);
  const status = await site.start(["status"], { env: PLAIN }).ended();
  expect(status.stdout).toContain("no worker: each program runs its own tasks");
});

test("a program whose file says true runs its own tasks where the database says so", async () => {
  await using site = new Site();
  site.write("models.ts", MODEL);
  site.write("tq.toml", "[queue]\nworker = false\n");
  const push = ["push", "job", "add", "1"];
  expect((await site.start(push, { env: PLAIN }).ended()).code).toBe(0);
  const { stderr } = await fromElsewhere(site, TOML);
  expect(stderr).toContain(NOTE);
  expect(states(site)).toEqual(["finished", "finished"]);
});

test("a worker that its environment tells has the database remember it", async () => {
  await using site = new Site();
  site.write("models.ts", MODEL);
  await site.worker(["-n", "1"], { env: { ...PLAIN, TQ_QUEUE__WORKER: "true" } });
  expect(remembered(site)).toEqual({ worker: 1, origin: "TQ_QUEUE__WORKER" });
  const { stderr } = await fromElsewhere(site, null);
  expect(stderr).toContain("as TQ_QUEUE__WORKER said");
  await site.becomes(1, "finished");
  expect(
    site.one<{ count: number }>("SELECT count(*) AS count FROM tq__worker WHERE threads = 0").count,
  ).toBe(0);
});

test("a worker that lives keeps its mode, also once the file is gone that said it", async () => {
  await using site = await project();
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await site.becomes(1, "finished");
  rmSync(site.file("tq.toml"));
  const away = "[queue]\nworker = false\n";
  expect((await fromElsewhere(site, away)).stderr).toContain(NOTE);
  expect(remembered(site).worker).toBe(1);
  worker.kill("SIGTERM");
  await worker.exited;
  expect((await fromElsewhere(site, away)).stderr).not.toContain(NOTE);
  expect(remembered(site)).toEqual({ worker: 0, origin: site.file("cron/tq.toml") });
});

needs("setpriv").test("a file that this user may not see is not gone", async () => {
  await using site = new Site();
  mkdirSync(site.file("shop"));
  site.write("shop/models.ts", MODEL);
  site.write("shop/tq.toml", TOML);
  const shop = { cwd: site.file("shop"), env: PLAIN };
  const push = ["push", "job", "add", "1", "-d", site.file("tq.db")];
  expect((await site.start(push, shop).ended()).code).toBe(0);
  expect(remembered(site)).toEqual({ worker: 1, origin: site.file("shop/tq.toml") });
  mkdirSync(site.file("web"));
  site.write("web/models.ts", MODEL);
  site.write("web/tq.toml", "[queue]\nworker = false\n");
  chmodSync(site.file("shop"), 0o000);
  const web = { cwd: site.file("web"), env: PLAIN };
  const { code, stderr } = await site.spawn([...OBEYING, TQ, ...push], web).ended();
  chmodSync(site.file("shop"), 0o700);
  expect(stderr).toContain(NOTE);
  expect(code).toBe(0);
  expect(states(site)).toEqual(["ready", "ready"]);
});

test("programs of tq run follow it too", async () => {
  await using site = await project();
  mkdirSync(site.file("web"));
  site.write("web/models.ts", MODEL);
  site.write(
    "web/app.ts",
    'import { Job } from "./models.ts"; await Promise.all([1, 2].map((id) => (Job as any).__queue__.add(id)));',
  );
  const run = ["run", "app.ts", "-d", site.file("tq.db")];
  const at = { cwd: site.file("web"), env: { ...PLAIN, TQ_DATABASE__PATH: site.file("tq.db") } };
  const ended = await site.start(run.slice(0, 2), at).ended();
  expect(ended.code).toBe(0);
  expect(ended.stderr.split(NOTE)).toHaveLength(2); // said once
  expect(states(site)).toEqual(["ready", "ready", "ready"]);
});

test("where nobody has said it, a program without a tq.toml runs its own tasks as before", async () => {
  await using site = new Site();
  site.write("models.ts", MODEL);
  expect((await site.start(["push", "job", "add", "1"], { env: PLAIN }).ended()).code).toBe(0);
  expect(states(site)).toEqual(["finished"]);
  expect(site.all("SELECT * FROM tq__mode")).toEqual([]);
});
