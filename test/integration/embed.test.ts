/** tq inside other programs: under `tq run`, in a Bun project, and in a program compiled with Bun. */
import { mkdirSync, symlinkSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "../support/connect.ts";
import { onSqlite } from "../support/tested-store.ts";
import { siteWithModels } from "./support/models.ts";
import { ROOT, type Site } from "./support/site.ts";

setDefaultTimeout(60_000);

describe("a program under tq run", () => {
  const program = `import { Transaction } from "tq";
import { Job } from "./models.ts";
await Transaction.start({}, () => Job.__queue__["add"](new Job(7)));
console.log("args", ...process.argv.slice(2));
`;

  test("leaves its tasks to the workers when queue.worker is true", async () => {
    await using site = siteWithModels();
    site.write("app.ts", program);
    const ended = await site.run("run", "app.ts", "--one", "two");
    expect(ended).toMatchObject({ code: 0, stdout: "args --one two\n" });
    expect(site.task(1)).toMatchObject({ state: "ready", attempts: 0 });
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expect([...site.effects()]).toEqual([[7, 1]]);
  });

  test("runs its tasks itself, after the commit, when queue.worker is false", async () => {
    await using site = siteWithModels();
    site.write("app.ts", program);
    const ended = await site
      .start(["run", "app.ts"], { env: { TQ_QUEUE__WORKER: "false" } })
      .ended();
    expect(ended.code).toBe(0);
    expect(site.task(1)).toMatchObject({ state: "finished", attempts: 1 });
    expect([...site.effects()]).toEqual([[7, 1]]);
    expect(site.all("SELECT id FROM tq__worker")).toEqual([]);
  });

  onSqlite("it names several files").test(
    "pushes to the worker that it started last of those that run, and to its settings after them",
    async () => {
      await using site = siteWithModels();
      site.write(
        "app.ts",
        `import { startWorker } from "tq";
import { Job } from "./models.ts";
const start = (database: string) =>
  startWorker({ database, models: "models.ts", threads: 1, report: () => {} });
const pushed: unknown[] = [];
const push = async () => pushed.push(await Job.__queue__["add"](new Job(1)));
const first = await start("first.db");
await push();
const second = await start("second.db");
await push();
const third = await start("third.db");
await first.stop();
await push();
await third.stop();
await push();
await second.stop();
await push();
`,
      );
      const ended = await site
        .start(["run", "app.ts"], { env: { TQ_QUEUE__WORKER: "true" } })
        .ended();
      expect(ended).toMatchObject({ code: 0 });
      expect(ended.stderr).toContain(`which worked on ${site.file("second.db")}: what the program`);
      const counts = ["first", "second", "third", "tq"].map((name) => {
        using db = connect(site.file(`${name}.db`));
        return db.query("SELECT count(*) AS n FROM tq_tasks").get();
      });
      expect(counts).toEqual([{ n: 1 }, { n: 2 }, { n: 1 }, { n: 1 }]);
    },
  );

  test("can start a worker of its own", async () => {
    await using site = siteWithModels();
    site.write("app.ts", embedding(`"models.ts"`));
    const ended = await site.run("run", "app.ts");
    expect(ended).toMatchObject({ code: 0, stdout: "finished 3, failed 0\n" });
    expectThreeEffects(site);
  });
});

/** As \`bun add\` would have made it. */
function addTq(site: Site): void {
  mkdirSync(site.file("node_modules"));
  symlinkSync(ROOT, site.file("node_modules/tq"));
}

describe("a Bun project that depends on tq", () => {
  test("starts a worker in its own process", async () => {
    await using site = siteWithModels();
    addTq(site);
    site.write("app.ts", embedding(`"models.ts"`));
    const ended = await site.spawn([process.execPath, "app.ts"]).ended();
    expect(ended).toMatchObject({ code: 0, stdout: "finished 3, failed 0\n" });
    expectThreeEffects(site);
  });

  test("is interrupted without losing anything: its worker's tasks are rescued", async () => {
    await using site = siteWithModels();
    addTq(site);
    site.write(
      "app.ts",
      `import { startWorker } from "tq";\nawait startWorker({ models: "models.ts", threads: 1 });\n`,
    );
    const app = site.spawn([process.execPath, "app.ts"]);
    await app.says("worker.started");
    const id = await site.pushOne("job", "linger", "1");
    await app.says("task.started", { task: id });
    app.kill("SIGKILL");
    await app.exited;
    site.write("go", "");
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expect([...site.effects()]).toEqual([[1, 1]]);
  });
});

/**
 * The recipe: the threads of the worker are an entry point of their own, names are flat and without hashes, and
 * models inside the executable are entry points too. Models beside it may import packages, whose package.json is
 * then read.
 */
const COMPILE = [
  "build",
  "--compile",
  "--compile-autoload-package-json",
  "--entry-naming",
  "[name].[ext]",
];
const THREAD = "node_modules/tq/src/worker/thread.ts";

describe("a program compiled with Bun", () => {
  test("starts a worker with the models inside the executable", async () => {
    await using site = siteWithModels();
    addTq(site);
    site.write("app.ts", embedding(`new URL("./models.js", import.meta.url).pathname`));
    await compile(site, ["app.ts", "models.ts", THREAD]);
    await expectRunsAlone(site);
  });

  test("starts a worker with models beside the executable", async () => {
    await using site = siteWithModels();
    addTq(site);
    site.write("app.ts", embedding(`dirname(process.execPath) + "/models.ts"`));
    await compile(site, ["app.ts", THREAD]);
    site.write("alone/models.ts", site.read("models.ts"));
    await expectRunsAlone(site);
  });
});

async function compile(site: Site, entries: string[]): Promise<void> {
  mkdirSync(site.file("alone"));
  const built = site.spawn([process.execPath, ...COMPILE, ...entries, "--outfile", "alone/app"]);
  const { code, stderr } = await built.ended(30_000);
  if (code !== 0) throw new Error(stderr);
}

async function expectRunsAlone(site: Site): Promise<void> {
  const database = { TQ_DATABASE: site.place };
  const app = site.spawn(["./app"], { cwd: site.file("alone"), env: database });
  const ended = await app.ended();
  expect({ ...ended, stderr: ended.code === 0 ? "" : ended.stderr }).toEqual({
    code: 0,
    stdout: "finished 3, failed 0\n",
    stderr: "",
  });
  expectThreeEffects(site);
}

/** Starts a worker that stops by itself, after three pushes. */
function embedding(models: string): string {
  return `import { dirname } from "node:path";
import { pushMany, startWorker } from "tq";

await pushMany([1, 2, 3].map((id) => ({ model: "job", method: "add", instances: id })));
const worker = await startWorker({ models: ${models}, threads: 2, drain: true });
const { finished, failed } = await worker.stopped;
console.log(\`finished \${finished}, failed \${failed}\`);
void dirname;
`;
}

function expectThreeEffects(site: Site): void {
  expect([...site.effects()]).toEqual([1, 2, 3].map((key) => [key, 1]));
  expect(site.all("SELECT id FROM tq__worker")).toEqual([]);
}
