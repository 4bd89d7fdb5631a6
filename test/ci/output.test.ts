/** The output of `npm test`: a line a file, and each failure whole. */
import { expect, test } from "bun:test";
import { TestOutput } from "../../.ci/output.ts";

/** The lines shown for this output; a second passes with each line that the runner writes. */
function shown(text: string, exitCode = 0): string[] {
  const lines: string[] = [];
  let now = 0;
  const output = new TestOutput({ line: (line) => lines.push(line), status: () => {} }, () => now);
  for (const line of text.split(/(?<=\n)/)) {
    now += 1_000;
    output.write(line);
  }
  output.end(exitCode);
  return lines;
}

const PASSED = `bun test v1.4.5 (a7733435c)

test/a.test.ts:
noise
(pass) one [0.04ms]
(pass) group > two [300.55ms]
(skip) three, skipped because of the rain

test/b.test.ts:
no newline(pass) four [1.00ms]

 3 pass
 1 skip
 0 fail
Ran 4 tests across 2 files. [498.00ms]
`;

test("a file is a line with its tests, their time and what was not passed; noise is left out", () => {
  expect(shown(PASSED)).toEqual([
    "   3 tests    7.0 s  test/a.test.ts: 1 skipped",
    "   1 test     3.0 s  test/b.test.ts",
  ]);
});

test("the same is shown however the output is cut into pieces", () => {
  const lines: string[] = [];
  const output = new TestOutput({ line: (line) => lines.push(line), status: () => {} }, () => 0);
  for (const character of PASSED) output.write(character);
  output.end(0);
  expect(lines.map((line) => line.slice(21))).toEqual([
    "test/a.test.ts: 1 skipped",
    "test/b.test.ts",
  ]);
});

test("a failure is shown at once and whole: its name, what the test wrote, the error, the stack", () => {
  const failure = `said by the test
5 | expect({ a: 1 }).toEqual({ a: 2 });
error: expect(received).toEqual(expected)

-   "a": 2,
+   "a": 1,

      at <anonymous> (/tmp/test/a.test.ts:5:75)`;
  const text = `bun test v1.4.5 (a7733435c)\n\ntest/a.test.ts:\n(fail) zero [1.00ms]\nof another\n(pass) one [1.00ms]\n${failure}\n(fail) group > two [0.66ms]
(fail) three [100.86ms]\n  ^ this test timed out after 100ms.\n(pass) four [1.00ms]\nRan 4 tests across 1 file. [9.00ms]\n`;
  expect(shown(text, 1)).toEqual([
    "",
    "FAILED test/a.test.ts: zero [1.00ms]",
    "",
    "FAILED test/a.test.ts: group > two [0.66ms]",
    ...failure.split("\n"),
    "",
    "FAILED test/a.test.ts: three [100.86ms]",
    "  ^ this test timed out after 100ms.",
    "   5 tests   18.0 s  test/a.test.ts: 3 failed",
  ]);
});

test("an error outside of tests is shown whole, with its file", () => {
  const error = `# Unhandled error between tests
-------------------------------
error: Cannot find module './nothing.ts'
-------------------------------`;
  const text = `test/b.test.ts:\n\n${error}\n\n\n 0 pass\n 1 fail\n 1 error\nRan 1 test across 1 file. [9.00ms]\n`;
  expect(shown(text, 1)).toEqual([
    "",
    "FAILED test/b.test.ts: an error outside of its tests",
    ...error.split("\n"),
    "   0 tests    6.0 s  test/b.test.ts: 1 error",
  ]);
});

test("when the runner crashes, what it wrote last is shown", () => {
  const text = "test/a.test.ts:\n(pass) one [1.00ms]\npanic: Segmentation fault at address 0x0\n";
  expect(shown(text, 132)).toEqual([
    "   1 test     2.0 s  test/a.test.ts",
    "panic: Segmentation fault at address 0x0",
  ]);
  expect(shown("The following filters did not match any test files:\n test/none\n", 1)).toEqual([
    "The following filters did not match any test files:",
    " test/none",
  ]);
});

test("tests that the runner repeats at its end are counted once", () => {
  const text = `test/a.test.ts:\n(fail) one [1.00ms]\n\n1 tests failed:\n(fail) one [1.00ms]\n\n 0 pass\n 1 fail\nRan 1 test across 1 file. [9.00ms]\n`;
  expect(shown(text, 1).filter((line) => line !== "")).toEqual([
    "FAILED test/a.test.ts: one [1.00ms]",
    "   1 test     2.0 s  test/a.test.ts: 1 failed",
  ]);
});

test("on a terminal the running file is shown meanwhile; colours and GitHub's groups are understood", () => {
  const said: string[] = [];
  const output = new TestOutput({ line: () => {}, status: (text) => said.push(text) }, () => 0);
  output.write("::group::test/a.test.ts:\n\u001b[32m(pass)\u001b[0m one\n(pass) two [1.00ms]\n");
  expect(said).toEqual(["test/a.test.ts", "test/a.test.ts: 1 test ", "test/a.test.ts: 2 tests"]);
});
