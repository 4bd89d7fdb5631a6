/** tq as a package: what `npm pack` puts into it is enough for a project to compile and to run. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "../src/version.ts";
import { compile, ROOT } from "./cli/declarations.ts";
import { ended } from "./cli/tq.ts";

const PROGRAM = `import { Model, startWorker, type Queue, type WorkerOptions, v } from "tq";

export class Printer extends Model {
  static override readonly __name__ = "printer";
  declare static readonly __queue__: Queue<typeof Printer>;
  static async print(_printers: Printer[], text: string) {
    v.parse(v.string(), text);
  }
}

const options: WorkerOptions = { models: import.meta.path, threads: 1, drain: true };
if (import.meta.main) {
  await Printer.__queue__.print([new Printer(1)], "hello");
  const worker = await startWorker(options);
  const { finished } = await worker.stopped;
  console.log(finished);
  // @ts-expect-error: it is a number
  const text: string = finished;
  console.log(text);
}
`;

/** The test queue of the package knows the types of the models. */
const TESTED = `import { testQueue, type TestRun } from "tq/testing";
import { Printer } from "./app";

await using queue = await testQueue({ models: [Printer] });
await Printer.__queue__.print([new Printer(1)], "hello");
const [task] = await queue.pushed(Printer, "print");
const text: string | undefined = task?.args[0];
// @ts-expect-error: it is a text
const wrong: number | undefined = task?.args[0];
// @ts-expect-error: there is no such method
await queue.pushed(Printer, "prnt").catch(() => {});
const runs: TestRun[] = await queue.drain();
console.log(text, wrong, runs.map(({ outcome }) => outcome).join());
`;

const PACKED = `tq-${VERSION}.tgz`;

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tq-package-"));
  await run(ROOT, process.execPath, "pm", "pack", "--quiet", "--destination", folder);
  await run(folder, "tar", "xzf", PACKED);
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  cpSync(join(folder, "package"), join(folder, "node_modules/tq"), { recursive: true });
  for (const name of ["valibot", "hono", "citty", "bun-types", "@types/bun"])
    symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "app.ts"), PROGRAM);
  writeFileSync(join(folder, "tested.ts"), TESTED);
  writeFileSync(join(folder, "tq.toml"), "[queue]\nworker = true\n");
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The compiler options of `bun init`. */
const BUN_INIT = {
  lib: ["ESNext"],
  target: "ESNext",
  module: "Preserve",
  moduleDetection: "force",
  types: ["bun"],
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
};

test.each([
  ["of bun init", {}],
  ["with lib DOM", { lib: ["ESNext", "DOM"] }],
  ["without skipLibCheck", { skipLibCheck: false }],
  ["with lib DOM, without skipLibCheck", { lib: ["ESNext", "DOM"], skipLibCheck: false }],
  ["that are not strict", { strict: false }],
  ["that know no imports of .ts", { allowImportingTsExtensions: false }],
])("a project that depends on tq compiles with options %s", async (name, options) => {
  const path = join(folder, `${name}.json`);
  const compilerOptions = { ...BUN_INIT, ...options };
  writeFileSync(path, JSON.stringify({ compilerOptions, files: ["app.ts", "tested.ts"] }));
  await compile(path);
});

test("a project that depends on tq runs a worker from the files of the package", async () => {
  expect(await run(folder, process.execPath, "app.ts")).toBe("1\n1\n");
});

test("a project that depends on tq has a queue for its tests", async () => {
  expect(await run(folder, process.execPath, "tested.ts")).toBe("hello hello finished\n");
});

test("the package of tq has no tests and no benchmarks", async () => {
  const listed = await run(folder, "tar", "tzf", PACKED);
  const tops = listed.split("\n").map((path) => path.split("/")[1] ?? "");
  expect([...new Set(tops)].filter(Boolean).toSorted()).toEqual([
    "LICENSE",
    "README.md",
    "package.json",
    "src",
    "types",
  ]);
});

async function run(cwd: string, ...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await ended(
    Bun.spawn(command, { cwd, stdout: "pipe", stderr: "pipe" }),
  );
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}
