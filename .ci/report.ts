/** Reads the report of `bun test --reporter=junit`. */
import { existsSync } from "node:fs";

export interface TestReport {
  readonly file: string;
  /** The name, after those of the groups around it: `group > name`. */
  readonly name: string;
  readonly end: "passed" | "failed" | "skipped";
}

const TAG = /<(\/?)(testcase|failure|error|skipped)\b([^>]*?)(\/?)>/g;

/** One entry a test. A runner that ran no test writes no report. */
export async function readReport(path: string): Promise<TestReport[]> {
  if (!existsSync(path)) return [];
  const tests: TestReport[] = [];
  for (const [, closing, tag, attributes = ""] of (await Bun.file(path).text()).matchAll(TAG)) {
    if (closing === "/") continue;
    const last = tests.at(-1);
    if (tag === "testcase") {
      const names = [attribute(attributes, "classname"), attribute(attributes, "name")];
      const name = names.filter((part) => part !== "").join(" > ");
      tests.push({ file: attribute(attributes, "file"), name, end: "passed" });
    } else if (last !== undefined) {
      tests[tests.length - 1] = { ...last, end: tag === "skipped" ? "skipped" : "failed" };
    }
  }
  return tests;
}

/** Drops the tests that `--test-name-pattern` left out; the report has them as skipped, without a reason. */
export function withoutUnselected(tests: TestReport[], args: readonly string[]): TestReport[] {
  const byName = args.some((arg) => /^(-t|--test-name-pattern)(=|$)/.test(arg));
  const leftOut = new Set(byName ? reasonless(tests) : []);
  return tests.filter((test) => !leftOut.has(test));
}

/** The skipped tests and todos whose name, or group's name, gives no reason: "…, because …". */
export function reasonless(tests: TestReport[]): TestReport[] {
  return tests.filter((test) => test.end === "skipped" && !/\bbecause \S/.test(test.name));
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return value.replace(/&(?:(lt|gt|quot|amp|apos)|#(\d+));/g, (_all, word?: string, code = "32") =>
    word === undefined ? String.fromCodePoint(Number(code)) : (ENTITIES[word] ?? ""),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  quot: '"',
  amp: "&",
  apos: "'",
};
