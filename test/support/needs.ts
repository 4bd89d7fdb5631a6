/** Skips tests on machines that lack a tool: `needs("strace").test(…)`. */
import { describe, test } from "bun:test";
import { reasonAgainst, TOOLS, type ToolName } from "./tools.ts";

const reasons = new Map<ToolName, string | null>();

/** Tries each tool once in a run. */
function reasonOf(name: ToolName): string | null {
  const known = reasons.get(name);
  if (known !== undefined) return known;
  const reason = reasonAgainst(name, TOOLS[name]);
  reasons.set(name, reason);
  return reason;
}

/** Takes names as literals: the test command finds them in the text and installs only these tools. */
export function needs(...names: ToolName[]) {
  const missing = names.map(reasonOf).filter((reason) => reason !== null);
  const skipped = missing.length > 0;
  const because = skipped ? `, skipped because ${missing.join(" and ")}` : "";
  return {
    test(name: string, run: () => void | Promise<unknown>, timeout?: number) {
      test.skipIf(skipped)(`${name}${because}`, run, timeout);
    },
    describe(name: string, define: () => void) {
      describe.skipIf(skipped)(`${name}${because}`, define);
    },
  };
}
