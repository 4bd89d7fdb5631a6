/**
 * Compiles dist/tq, runs the tests, and closes with `N passed, N failed` from the runner's own report:
 * `bun .ci/test.ts [--coverage] [what bun test takes]`. With --coverage the tests run in a counted copy of
 * the checkout (counters.ts). Fails on a failure, on no tests at all, and on a skipped test without a reason.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "./build.ts";
import { countedCopy, type Lines } from "./counters.ts";
import { isCovered } from "./coverage.ts";
import { reasonless, readReport } from "./report.ts";
import { exitCode } from "./run.ts";

const root = join(import.meta.dir, "..");
const args = process.argv.slice(2).filter((arg) => arg !== "--coverage");
const coverage = process.argv.includes("--coverage");

const folder = join(root, "coverage");
const junit = join(mkdtempSync(join(tmpdir(), "tq-test-")), "junit.xml");

let place = root;
let lines: Lines = new Map();
if (coverage) {
  rmSync(folder, { recursive: true, force: true });
  place = join(folder, "tree");
  lines = countedCopy(root, place);
}
await build(place);

const reporter = ["--reporter=junit", `--reporter-outfile=${junit}`];
// Machines that others use too stand still for seconds.
const patience = ["--timeout", "30000"];
const code = await exitCode([process.execPath, "test", ...reporter, ...patience, ...args], place);
const tests = await readReport(junit);
rmSync(dirname(junit), { recursive: true });
const passed = tests.filter((test) => test.end === "passed").length;
const failed = tests.filter((test) => test.end === "failed").length;

const wrong: string[] = [];
if (tests.length === 0) wrong.push("No test ran");
if (code !== 0 && failed === 0) wrong.push(`bun test exited with ${code}: see above`);
for (const test of reasonless(tests)) {
  wrong.push(`Skipped without a reason: ${test.file}: ${test.name}; say why after "because"`);
}
if (coverage && !isCovered(lines, join(folder, "hits"))) wrong.push("Too few lines are covered");

for (const sentence of wrong) console.error(sentence);
process.exitCode = failed > 0 || wrong.length > 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
