/** The end of `npm test`: the reasons of skipped tests, how to have them run, and the line that machines read. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { readReport, reasonless, type TestReport, withoutUnselected } from "../../.ci/report.ts";
import { closingLine, duration, skipLines, skipReason } from "../../.ci/summary.ts";
import { remedies } from "../../.ci/tools.ts";
import { makeFolder } from "../support/folder.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5">
  <testsuite name="test/a.test.ts" file="test/a.test.ts">
    <testcase name="one &amp; &quot;two&quot; &lt;x&gt;" classname="" file="test/a.test.ts" />
    <testcase name="bad&#10;line" classname="inner &gt; outer" file="test/a.test.ts">
      <failure type="AssertionError" message="expect(received)">at test/a.test.ts:5</failure>
    </testcase>
    <testcase name="x" classname="a disk, skipped because strace is not installed &gt; outer" file="test/a.test.ts">
      <skipped />
    </testcase>
    <testcase name="y, skipped because strace is not installed" classname="" file="test/a.test.ts"><skipped /></testcase>
    <testcase name="z" classname="" file="test/a.test.ts"><skipped message="TODO" /></testcase>
  </testsuite>
</testsuites>`;

async function report(): Promise<TestReport[]> {
  using folder = makeFolder();
  writeFileSync(folder.file("junit.xml"), REPORT);
  return await readReport(folder.file("junit.xml"));
}

test("the runner's report is read, with the names of groups and what XML writes in its own way", async () => {
  const tests = await report();
  expect(tests.map(({ name, end }) => `${end}: ${name}`)).toEqual([
    'passed: one & "two" <x>',
    "failed: inner > outer > bad\nline",
    "skipped: a disk, skipped because strace is not installed > outer > x",
    "skipped: y, skipped because strace is not installed",
    "skipped: z",
  ]);
  expect(tests.map(({ file }) => file)).toEqual(Array(5).fill("test/a.test.ts"));
  expect(await readReport("/nowhere/junit.xml")).toEqual([]);
});

test("the last line has three numbers", async () => {
  expect(closingLine(await report())).toBe("1 passed, 1 failed, 3 skipped");
  expect(closingLine([])).toBe("0 passed, 0 failed, 0 skipped");
});

test("skipped tests are counted by their reason; a test without one is told from them", async () => {
  const tests = await report();
  expect(skipLines(tests)).toEqual(["2 skipped because strace is not installed"]);
  expect(reasonless(tests).map(({ name }) => name)).toEqual(["z"]);
});

test("tests that a pattern left out are not skipped", async () => {
  const tests = await report();
  expect(closingLine(withoutUnselected(tests, ["-t", "one"]))).toBe(
    "1 passed, 1 failed, 2 skipped",
  );
  expect(withoutUnselected(tests, ["--test-name-pattern=one"])).toHaveLength(4);
  expect(withoutUnselected(tests, ["test/a.test.ts", "--todo"])).toEqual(tests);
});

test("each reason has its remedy, packages in one command", () => {
  expect(remedies([])).toEqual([]);
  expect(remedies(["strace is not installed"])).toEqual(["apt-get install strace"]);
  const reasons = [
    "strace is not installed and python3 is not installed",
    "this user may not mount a file system here",
    "faketime is not installed",
  ];
  expect(remedies(reasons)).toEqual([
    "apt-get install libfaketime python3 strace",
    "run the tests as root, where root may mount file systems",
  ]);
  expect(remedies(["strace does not work here"])).toEqual([]);
  const name = "a disk, skipped because strace is not installed > fails";
  expect(remedies([skipReason({ file: "", name, end: "skipped" }) ?? ""])).toHaveLength(1);
});

test("a time is said in minutes and seconds", () => {
  expect([0, 400, 59_400, 59_600, 303_000].map(duration)).toEqual([
    "0 s",
    "0 s",
    "59 s",
    "1 min 0 s",
    "5 min 3 s",
  ]);
});
