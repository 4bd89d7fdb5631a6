/** How a test says what it needs of the machine: `needs("strace").test(…)`. It is skipped where that is missing. */
import { describe, test } from "bun:test";
import { reasonAgainst, TOOLS, type ToolName } from "./tools.ts";

const reasons = new Map<ToolName, string | null>();

/** Tries each tool once a run. */
function reasonOf(name: ToolName): string | null {
  const known = reasons.get(name);
  if (known !== undefined) return known;
  const reason = reasonAgainst(name, TOOLS[name]);
  reasons.set(name, reason);
  return reason;
}

/** The names of tools must be literals: the test command reads them in the text, to install only what is used. */
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
