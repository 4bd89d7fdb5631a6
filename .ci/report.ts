/** Reads what `bun test --reporter=junit` wrote. */
import { existsSync } from "node:fs";

export interface TestReport {
  readonly file: string;
  /** With the names of the groups around it. */
  readonly name: string;
  readonly end: "passed" | "failed" | "skipped";
}

const TAG = /<(\/?)(testcase|failure|error|skipped)\b([^>]*?)(\/?)>/g;

/** One entry a test; none when there is no report, which is how the runner says that it ran nothing. */
export async function readReport(path: string): Promise<TestReport[]> {
  if (!existsSync(path)) return [];
  const tests: TestReport[] = [];
  for (const [, closing, tag, attributes = ""] of (await Bun.file(path).text()).matchAll(TAG)) {
    if (closing === "/") continue;
    const last = tests.at(-1);
    if (tag === "testcase") {
      const name = `${attribute(attributes, "classname")} ${attribute(attributes, "name")}`.trim();
      tests.push({ file: attribute(attributes, "file"), name, end: "passed" });
    } else if (last !== undefined) {
      tests[tests.length - 1] = { ...last, end: tag === "skipped" ? "skipped" : "failed" };
    }
  }
  return tests;
}

/** A skipped test, or a todo, says why in its own name or its group's: "…, because …". */
export function reasonless(tests: TestReport[]): TestReport[] {
  return tests.filter((test) => test.end === "skipped" && !/\bbecause \S/.test(test.name));
}

function attribute(attributes: string, name: string): string {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
}
