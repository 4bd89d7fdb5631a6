/** Finds the tools of test/support/tools.ts that the selected tests need, and installs those that are missing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reasonAgainst, stateOf, type Tool, type ToolName, TOOLS } from "../test/support/tools.ts";
import { completePath, install, rootPrefix } from "./install.ts";

type Named = readonly [name: ToolName, tool: Tool];

const ALL = Object.entries(TOOLS) as [ToolName, Tool][];

/** The tools named in the test files that `bun test` runs with these arguments. */
export function toolsFor(root: string, args: readonly string[]): ToolName[] {
  const files = [...new Bun.Glob("test/**/*.test.{ts,tsx}").scanSync(root)];
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const filters = paths.map((path) => path.replace(`${root}/`, "").replace(/^\.\//, ""));
  const chosen = files.filter((file) => filters.some((filter) => file.includes(filter)));
  const texts = (chosen.length > 0 ? chosen : files).map((file) =>
    readFileSync(join(root, file), "utf8"),
  );
  const named = new Set(texts.flatMap(namesIn));
  return ALL.map(([name]) => name).filter((name) => named.has(name));
}

/** The names in `needs("strace", "python3")`. */
export function namesIn(text: string): string[] {
  const calls = text.matchAll(/\bneeds\(([^)]*)\)/g);
  return [...calls].flatMap(([, names = ""]) =>
    [...names.matchAll(/"([\w-]+)"/g)].map((it) => it[1] ?? ""),
  );
}

/** Installs the missing tools if it may, and says what it does and why. */
export async function provide(
  names: readonly ToolName[],
  mayInstall: boolean,
  say: (sentence: string) => void,
): Promise<void> {
  const missing = ALL.filter(
    ([name, tool]) => names.includes(name) && tool.package !== null && stateOf(tool) === "missing",
  );
  if (missing.length === 0) return;
  const list = missing.map(([name]) => name).join(", ");
  const skipped = `the tests that need ${missing.length === 1 ? "it" : "them"} are skipped`;
  if (!mayInstall) return say(`Not installed, as installing is turned off: ${list}; ${skipped}`);
  const root = rootPrefix();
  if ("refusal" in root) return say(`Not installed: ${list}, as ${root.refusal}; ${skipped}`);

  say(`Installing with apt-get what tests need: ${missing.map(purpose).join("; ")}`);
  const reason = await install(packagesOf(missing), root.prefix);
  process.env["PATH"] = completePath();
  if (reason !== null) say(`Could not install ${list}: ${reason}; ${skipped}`);
}

function purpose([name, tool]: Named): string {
  return `${name}, to ${tool.use}`;
}

function packagesOf(tools: readonly Named[]): string[] {
  return [...new Set(tools.flatMap(([, tool]) => tool.package ?? []))];
}

/** The commands that let the tests run that were skipped for these reasons. */
export function remedies(reasons: readonly string[]): string[] {
  const meant = ALL.filter(([name, tool]) => {
    const reason = reasonAgainst(name, tool, "missing") ?? "";
    // The reason of a test that lacks several tools joins theirs.
    return reasons.some((text) => text.split(" and ").includes(reason));
  });
  const packages = packagesOf(meant);
  const others = meant.flatMap(([, tool]) => tool.remedy ?? []);
  return packages.length > 0 ? [`apt-get install ${packages.join(" ")}`, ...others] : others;
}
