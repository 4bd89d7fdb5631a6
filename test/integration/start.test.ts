/** Bun reads some things by itself at the start of an executable: each is read, or left alone, on purpose. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { Site, TQ } from "./support/site.ts";

const PROGRAM = `
console.log(JSON.stringify([process.env["MINE"] ?? null, process.execArgv, globalThis["pre"] ?? null]));
`;

/** The answer of the program with this environment and these files beside it. */
async function answer(env: Record<string, string>, files: Record<string, string> = {}) {
  await using site = new Site();
  site.write("program.ts", PROGRAM);
  site.write("pre.ts", "globalThis.pre = 1;");
  for (const [name, text] of Object.entries(files)) site.write(name, text);
  const { stdout, stderr } = await site.start(["run", "program.ts"], { env }).ended();
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

test("a .env in the current folder sets neither the environment of programs nor settings", async () => {
  await using site = new Site();
  for (const name of [".env", ".env.local", ".env.production"]) {
    site.write(name, "MINE=1\nTQ_WORKER__THREADS=7\n");
  }
  site.write("program.ts", PROGRAM);
  expect((await site.run("run", "program.ts")).stdout).toBe("[null,[],null]\n");
  const config = JSON.parse((await site.run("config", "--json")).stdout);
  const threads = config.find(({ key }: { key: string }) => key === "worker.threads");
  expect(threads.origin).toBe("default");
});

test("a .env sets nothing for the tasks of a worker", async () => {
  await using site = new Site();
  site.write(".env", "MINE=1\n");
  site.write(
    "models.ts",
    `import { Model } from "tq";
    export class Env extends Model {
      static override readonly __name__ = "env";
      async mine() { return process.env["MINE"] ?? "none"; }
    }`,
  );
  const id = await site.pushOne("env", "mine", "1");
  await site.run("worker", "-n", "1", "--drain");
  expect(site.task(id).result).toBe('"none"');
});

test("a bunfig.toml in the current folder preloads nothing", async () => {
  expect(await answer({}, { "bunfig.toml": 'preload = ["./pre.ts"]' })).toEqual([null, [], null]);
});

test("the exports of a package.json say which file of a package is loaded", async () => {
  const files = {
    "node_modules/part/package.json": '{ "name": "part", "exports": "./other.js" }',
    "node_modules/part/other.js": "globalThis.pre = 2;",
    "program.ts": `import "part";${PROGRAM}`,
  };
  expect(await answer({}, files)).toEqual([null, [], 2]);
});

test("BUN_OPTIONS gives Bun its options", async () => {
  expect(await answer({ BUN_OPTIONS: "--smol --preload ./pre.ts" })).toEqual([
    null,
    ["--smol", "--preload", "./pre.ts"],
    1,
  ]);
});

test("NODE_OPTIONS is for Node alone", async () => {
  expect(await answer({ NODE_OPTIONS: "--require ./pre.ts --max-old-space-size=100" })).toEqual([
    null,
    [],
    null,
  ]);
});

test("BUN_BE_BUN makes the executable Bun itself", async () => {
  await using site = new Site();
  const { stdout } = await site.start(["--version"], { env: { BUN_BE_BUN: "1" } }).ended();
  expect(stdout).toBe(`${Bun.version}\n`);
});

test("BUN_INSPECT lets a debugger in", async () => {
  await using site = new Site();
  const free = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = free;
  await free.stop(true);
  // Bun's inspector begins to listen while the program runs already.
  site.write(
    "program.ts",
    `const probe = () => fetch("http://127.0.0.1:${port}/").then(() => "open", () => "closed");
    let answer = await probe();
    for (let left = Number(process.argv[2] ?? 0); answer === "closed" && left > 0; left--) {
      await Bun.sleep(5);
      answer = await probe();
    }
    console.log(answer);`,
  );
  const env = { BUN_INSPECT: `ws://127.0.0.1:${port}/tq` };
  expect((await site.start(["run", "program.ts", "1000"], { env }).ended()).stdout).toBe("open\n");
  expect((await site.run("run", "program.ts")).stdout).toBe("closed\n");
});

test("Bun's cache of compiled files is in the home folder, not beside the models", async () => {
  await using site = new Site();
  const functions = Array.from({ length: 5_000 }, (_, at) => `export const f${at} = ${at};`);
  site.write("big.ts", functions.join("\n"));
  site.write("program.ts", 'import "./big.ts";');
  const env = { HOME: site.file("home"), XDG_CACHE_HOME: site.file("home/cache") };
  await site.start(["run", "program.ts"], { env }).ended();
  expect(readdirSync(site.path).sort()).toEqual(["big.ts", "home", "program.ts"]);
});

needs("Linux").describe("Bun's cache of compiled files is not in the current folder", () => {
  test.each([
    ["HOME is not set", ["-u", "HOME", "-u", "XDG_CACHE_HOME"]],
    ["HOME is empty", ["-u", "XDG_CACHE_HOME", "HOME="]],
    ["XDG_CACHE_HOME is empty", ["XDG_CACHE_HOME="]],
    ["HOME is relative", ["-u", "XDG_CACHE_HOME", "HOME=home"]],
  ] as const)("where %s", async (_name, surroundings) => {
    await using site = new Site();
    const big = Array.from({ length: 5_000 }, (_, at) => `export const f${at} = ${at};`);
    site.write("big.ts", big.join("\n"));
    site.write(
      "models.ts",
      `import "./big.ts"; import { Model } from "tq";
      export class Job extends Model { static override readonly __name__ = "job"; echo(text) { return text; } }`,
    );
    const here = ["env", ...surroundings, TQ];
    const push = [...here, "push", "job", "echo", "1", "--args", '["ä b"]'];
    expect(await site.spawn(push).ended()).toMatchObject({ code: 0, stdout: "1\n" });
    expect(await site.spawn([...here, "worker", "--drain"]).ended()).toMatchObject({ code: 0 });
    expect(site.task(1)).toMatchObject({ state: "finished", result: '"ä b"' });
    const made = readdirSync(site.path).filter((name) => !name.startsWith("tq.db"));
    expect(made.sort()).toEqual(["big.ts", "models.ts"]);
  });
});

needs("Linux").test(
  "a start without a home folder keeps its process, arguments and environment",
  async () => {
    await using site = new Site();
    site.write(
      "program.ts",
      "console.log(JSON.stringify([process.pid, process.argv.slice(2), process.env.X]));",
    );
    const args = ["", "a b", "ä", "--flag"];
    const running = site.start(["run", "program.ts", ...args], { env: { HOME: "", X: "1\n2" } });
    const { code, stdout } = await running.ended();
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([running.pid, args, "1\n2"]);
  },
);
