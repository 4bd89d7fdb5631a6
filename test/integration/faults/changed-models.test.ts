/** Models that are edited while a worker runs: each thread has one version, and a broken one replaces none. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import type { Running } from "../support/running.ts";
import { Site } from "../support/site.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { existsSync } from "node:fs";
import { Model } from "tq";
import { VERSION } from "./version.ts";
export class Job extends Model {
  static override readonly __name__ = "job";
  async wait() { while (!existsSync("go")) await Bun.sleep(2); return VERSION; }
  async meet() { while (!existsSync("met")) await Bun.sleep(2); }
  async version() { return VERSION; }
  async exit() { process.exit(3); }
}`;

function versioned(): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  setVersion(site, 1);
  return site;
}

function setVersion(site: Site, version: number): void {
  site.write("version.ts", `export const VERSION = ${version};`);
}

/** Two tasks that run together show that both threads have loaded the models. */
async function bothHaveLoaded(site: Site, worker: Running): Promise<void> {
  const meeting = [await site.pushOne("job", "meet", "1"), await site.pushOne("job", "meet", "1")];
  for (const id of meeting) await worker.says("task.started", { task: id });
  site.write("met", "");
  for (const id of meeting) await site.becomes(id, "finished");
}

async function startWaiting(site: Site, worker: Running): Promise<number> {
  const id = await site.pushOne("job", "wait", "1");
  await worker.says("task.started", { task: id });
  return id;
}

async function versionNow(site: Site): Promise<string | null> {
  return (await site.becomes(await site.pushOne("job", "version", "1"), "finished")).result;
}

async function becomesVersion(site: Site, version: number): Promise<void> {
  const isIt = async () => (await versionNow(site)) === String(version);
  await eventually(`tasks run on version ${version}`, isIt, 20_000);
}

async function stops(worker: Running): Promise<void> {
  worker.kill("SIGTERM");
  expect((await worker.ended()).code).toBe(0);
}

describe("a worker that does not watch its models", () => {
  test("says once that they have changed, and goes on with those that it has", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "1"]);
    const waiting = await startWaiting(site, worker); // a busy worker looks more often
    setVersion(site, 2);
    const said = () => worker.find("models.changed");
    const { reason } = await eventually("the change is said", said, 30_000);
    expect(reason).toBe(`${site.file("version.ts")} has changed`);
    site.write("go", "");
    await site.becomes(waiting, "finished");
    expect(await versionNow(site)).toBe("1");
    expect(worker.count("models.changed")).toBe(1);
    await stops(worker);
  });

  test("replaces all threads where one must be replaced, and what runs ends first", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "2"]);
    await bothHaveLoaded(site, worker);
    const waiting = await startWaiting(site, worker);
    setVersion(site, 2);
    expect(await versionNow(site)).toBe("1");
    await site.pushOne("job", "exit", "2");
    await worker.says("models.loading", { reason: `${site.file("version.ts")} has changed` });
    await becomesVersion(site, 2);
    site.write("go", "");
    expect(await site.becomes(waiting, "finished")).toMatchObject({ result: "1", claim: 1 });
    await worker.says("models.loaded");
    await stops(worker);
  });

  test("goes on without a thread that died, until broken models are repaired", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "2"]);
    await bothHaveLoaded(site, worker);
    const waiting = await startWaiting(site, worker);
    site.write("models.ts", "export class {");
    await site.pushOne("job", "exit", "2");
    await eventually("the error is said", () =>
      worker.stderr.includes("Trying again every second"),
    );
    site.write("models.ts", MODELS);
    setVersion(site, 3);
    await becomesVersion(site, 3);
    site.write("go", "");
    expect(await site.becomes(waiting, "finished")).toMatchObject({ result: "1", claim: 1 });
    await stops(worker);
  });

  test("replaces a thread as before where a file was only touched", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "1"]);
    site.write("models.ts", MODELS);
    await site.pushOne("job", "exit", "2");
    await worker.says("task.poisoned");
    expect(await versionNow(site)).toBe("1");
    expect(worker.find("models.loading")).toBeUndefined();
    await stops(worker);
  });
});

test("a thread whose models were edited while it loaded them runs no task", async () => {
  await using site = new Site();
  setVersion(site, 1);
  site.write("other.ts", "export const OTHER = 1;");
  site.write(
    "models.ts",
    `import { existsSync, mkdirSync } from "node:fs";
    import { Model } from "tq";
    import { VERSION } from "./version.ts";
    let isFirst = true;
    try { mkdirSync("first"); } catch { isFirst = false; }
    while (isFirst && !existsSync("edited")) await Bun.sleep(2);
    const { OTHER } = await import("./other.ts");
    export class Job extends Model {
      static override readonly __name__ = "job";
      async both() { return [VERSION, OTHER]; }
    }`,
  );
  const worker = site.start(["worker", "-n", "1"]);
  await eventually("the first thread loads", () => site.has("first"));
  setVersion(site, 2);
  site.write("other.ts", "export const OTHER = 2;");
  site.write("edited", "");
  await worker.says("worker.started");
  const id = await site.pushOne("job", "both", "1");
  expect((await site.becomes(id, "finished")).result).toBe("[2,2]");
  await stops(worker);
});

test("models that write a file and import it are loaded, and are no new version for that", async () => {
  await using site = versioned();
  const generated = JSON.stringify(site.file("generated.ts"));
  site.write(
    "models.ts",
    `import { writeFileSync } from "node:fs";
    writeFileSync(${generated}, "export const GENERATED = 7;");
    export const { GENERATED } = await import(${generated});
    ${MODELS.replace("return VERSION", "return GENERATED")}`,
  );
  const worker = await site.worker(["-n", "2"]);
  await site.pushOne("job", "exit", "2");
  await worker.says("task.poisoned");
  expect(await versionNow(site)).toBe("1");
  expect(worker.find("models.loading")).toBeUndefined();
  await stops(worker);
});

describe("a worker that watches its models", () => {
  test("runs new tasks on an edited import, and lets what runs end on the old one", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "2", "--watch"]);
    const waiting = await startWaiting(site, worker);
    setVersion(site, 2);
    await becomesVersion(site, 2);
    site.write("go", "");
    expect(await site.becomes(waiting, "finished")).toMatchObject({ result: "1", claim: 1 });
    await worker.says("models.loaded");
    await stops(worker);
  });

  test("runs what is pushed to a new method just after a save, without a failure", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "2", "--watch"]);
    let models = MODELS;
    for (let method = 1; method <= 6; method++) {
      models = models.replace(/}$/, `  async fresh${method}() { return ${method}; }\n}`);
      site.write("models.ts", models);
      const id = await site.pushOne("job", `fresh${method}`, "1");
      const row = await site.becomes(id, "finished");
      expect(row).toMatchObject({ result: String(method), failures: 0, crashes: 0 });
    }
    await stops(worker);
  });

  test("keeps its only thread while the models are broken or gone, and says why", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "1", "--watch"]);
    site.write("models.ts", "export class {");
    const { message } = await worker.says("models.refused");
    expect(message).toContain(`${site.file("models.ts")}:1:`);
    expect(await versionNow(site)).toBe("1");
    rmSync(site.file("models.ts"));
    await eventually("the next refusal", () => worker.count("models.refused") === 2);
    expect(worker.stderr).toContain("models.ts: it does not exist");
    expect(await versionNow(site)).toBe("1");
    setVersion(site, 2);
    site.write("models.ts", MODELS);
    await becomesVersion(site, 2);
    await stops(worker);
  });

  test("tries models again that lacked a file", async () => {
    await using site = versioned();
    const worker = await site.worker(["-n", "1", "--watch"]);
    site.write("models.ts", MODELS.replace("./version.ts", "./elsewhere/other.ts"));
    await worker.says("models.refused");
    site.write("elsewhere/other.ts", "export const VERSION = 5;");
    await becomesVersion(site, 5);
    await stops(worker);
  });

  test("follows links to a file, a folder and a release", async () => {
    await using site = new Site();
    for (const version of [1, 2]) {
      site.write(`r${version}/models.ts`, MODELS.replace("./version.ts", "./lib/version.ts"));
      site.write(`lib${version}/version.ts`, `export { VERSION } from "./number.ts"`);
      site.write(`lib${version}/number.ts`, `export const VERSION = ${version}`);
      symlinkSync("../lib1", site.file(`r${version}/lib`));
    }
    site.write("number.ts", "export const VERSION = 9");
    symlinkSync("r1", site.file("current"));
    const worker = await site.worker(["-n", "1", "--watch", "--models", "current/models.ts"]);
    expect(await versionNow(site)).toBe("1");
    swapLink(site, "r1/lib", "../lib2");
    await becomesVersion(site, 2);
    swapLink(site, "current", "r2");
    await becomesVersion(site, 1);
    swapLink(site, "lib1/number.ts", "../number.ts");
    await becomesVersion(site, 9);
    await stops(worker);
  });

  test("takes up files that come to a folder of models, and that leave it", async () => {
    await using site = versioned();
    mkdirSync(site.file("models"));
    renameSync(site.file("models.ts"), site.file("models/a.ts"));
    renameSync(site.file("version.ts"), site.file("models/version.ts"));
    const worker = await site.worker(["-n", "1", "--watch"]);
    const late = `import { task } from "tq"; export const late = task("late", async () => "here");`;
    site.write("b.ts", late);
    mkdirSync(site.file("models/sub"));
    renameSync(site.file("b.ts"), site.file("models/sub/b.ts")); // never seen by halves
    await worker.says("models.loading", { reason: `${site.file("models/sub/b.ts")} is new` });
    await worker.says("models.loaded");
    const [id = 0] = await site.push("late");
    expect((await site.becomes(id, "finished")).result).toBe('"here"');
    rmSync(site.file("models/sub/b.ts"));
    await worker.says("models.loading", { reason: `${site.file("models/sub/b.ts")} is gone` });
    await stops(worker);
  });
});

function swapLink(site: Site, link: string, target: string): void {
  symlinkSync(target, site.file("link"));
  renameSync(site.file("link"), site.file(link));
}
