/**
 * Installs the tools that tests need, compiles dist/tq, runs the tests, and closes with `N passed, N failed, N
 * skipped` from the runner's own report: `bun .ci/test.ts [--coverage] [--verbose] [--no-install] [arguments of bun
 * test]`. With --coverage the tests run in a copy of the checkout with counters (counters.ts); those that need the
 * machine for themselves (parts.ts) run with the executable as users get it, and are not counted. Fails when a test
 * fails, when no test runs, when a skipped test has no reason, and in CI when any test is skipped. Without arguments of
 * bun test all tests run, most of them in two processes at once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.ts";
import { countedCopy, type Lines } from "./counters.ts";
import { printCoverage } from "./coverage.ts";
import { screenOf, TestOutput } from "./output.ts";
import { ALL_PARTS, ALONE_PART } from "./parts.ts";
import { readReport, reasonless, type TestReport, withoutUnselected } from "./report.ts";
import { exitCode } from "./run.ts";
import { closingLine, duration, skipLines, skipReason } from "./summary.ts";
import { provide, remedies, toolsFor } from "./tools.ts";

const OWN_FLAGS = ["--coverage", "--verbose", "--no-install"];

/** Flags that ask for bun test's own output; --verbose is ours, and not passed on. */
const FORMAT_FLAGS = /^--(verbose|dots|only-failures|watch|reporter(=.*)?)$/;

const root = join(import.meta.dir, "..");
const given = process.argv.slice(2);
const args = given.filter((arg) => !OWN_FLAGS.includes(arg));
const coverage = given.includes("--coverage");
const isCI = !["", "0", "false"].includes(process.env["CI"] ?? "");
const mayInstall = !given.includes("--no-install") && process.env["TQ_TEST_INSTALL"] !== "0";
delete process.env["TQ_TEST_INSTALL"]; // the tq that tests start would refuse it as an unknown setting

const started = performance.now();
const tools = toolsFor(root, args);
await provide(coverage ? [...tools, "git"] : tools, mayInstall, (sentence) =>
  console.log(sentence),
);

const folder = join(root, "coverage");
const reports = mkdtempSync(join(tmpdir(), "tq-test-"));

const all = args.length === 0;
/** The copy of the checkout with counters; the checkout itself without --coverage. */
let counted = root;
let lines: Lines = new Map();
if (coverage) {
  rmSync(folder, { recursive: true, force: true });
  counted = join(folder, "tree");
  lines = countedCopy(root, counted);
  await build(counted);
}
if (!coverage || all) await build(root);

const verbose = given.some((arg) => FORMAT_FLAGS.test(arg));
const tests: TestReport[] = [];
const wrong: string[] = [];
let runs = 0;
// Two raw outputs at once could not be read.
for (const part of all ? ALL_PARTS : [[args]]) {
  const place = part === ALONE_PART ? root : counted;
  if (verbose) for (const one of part) await runPart(one, place);
  else await Promise.all(part.map((one) => runPart(one, place)));
}
rmSync(reports, { recursive: true });
const failed = tests.filter((test) => test.end === "failed");
for (const test of reasonless(tests)) {
  wrong.push(`Skipped without a reason: ${test.file}: ${test.name}; say why after "because"`);
}
if (coverage && !printCoverage(lines, join(folder, "hits")))
  wrong.push("Too few lines are covered");
const skipped = tests.filter((test) => test.end === "skipped");
if (isCI && skipped.length > 0) wrong.push("In CI no test may be skipped: see the reasons above");

console.log("");
for (const { file, name } of failed) console.log(`Failed: ${file}: ${name}`);
for (const line of skipLines(skipped)) console.log(line);
for (const remedy of remedies(skipped.flatMap((test) => skipReason(test) ?? []))) {
  console.log(`To run them: ${remedy}`);
}
for (const sentence of wrong) console.log(sentence);
console.log(`The run took ${duration(performance.now() - started)}`);
console.log(closingLine(tests));
process.exitCode = failed.length > 0 || wrong.length > 0 ? 1 : 0;

/** Runs `bun test` with these arguments in this folder, and adds its tests to `tests`. */
async function runPart(part: readonly string[], place: string): Promise<void> {
  runs += 1;
  const junit = join(reports, `${runs}.xml`);
  const reporter = ["--reporter=junit", `--reporter-outfile=${junit}`];
  // A busy machine may stall a test for seconds.
  const patience = ["--timeout", "30000"];
  const command = [process.execPath, "test", ...reporter, ...patience, ...part];
  const code = verbose ? await exitCode(command, place) : await runQuietly(command, place);
  const ran = withoutUnselected(await readReport(junit), part);
  tests.push(...ran);
  const name = ["bun test", ...part].join(" ");
  if (ran.length === 0) wrong.push(`No test ran: ${name}`);
  if (code !== 0 && !ran.some((test) => test.end === "failed")) {
    wrong.push(`bun test exited with ${code}: see above: ${name}`);
  }
}

/** Shows a line for each file, and all output of a failure. */
async function runQuietly(command: string[], place: string): Promise<number> {
  const output = new TestOutput(screenOf(process.stdout));
  const env = { ...process.env };
  // With one of these set the runner hides the tests that pass.
  for (const name of ["AGENT", "CLAUDECODE", "REPL_ID"]) delete env[name];
  // One stream keeps the errors between the tests that they belong to.
  const child = Bun.spawn(["sh", "-c", 'exec "$0" "$@" 2>&1', ...command], {
    cwd: place,
    env,
    stdio: ["inherit", "pipe", "inherit"],
  });
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) output.write(decoder.decode(chunk, { stream: true }));
  })();
  const code = await child.exited;
  // A program that a test left behind keeps the stream open.
  await Promise.race([reading, Bun.sleep(1_000)]);
  output.end(code);
  return code;
}
