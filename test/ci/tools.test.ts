/** The tools that tests need: which tests name them, whether they are there, and whether they can be installed. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { completePath, type Machine, rootPrefix } from "../../.ci/install.ts";
import { namesIn, toolsFor } from "../../.ci/tools.ts";
import { reasonAgainst, stateOf, type Tool, TOOLS } from "../support/tools.ts";

const ROOT = join(import.meta.dir, "../..");

/** All test files but these, which name tools for other reasons. */
const FILES = [...new Bun.Glob("test/**/*.test.{ts,tsx}").scanSync(ROOT)].filter(
  (file) => !file.startsWith("test/ci/"),
);

test("the test files that run say which tools they need", () => {
  expect(toolsFor(ROOT, ["test/values"])).toEqual([]);
  expect(toolsFor(ROOT, ["test/integration/wake.test.ts"])).toEqual([
    "python3",
    "sqlite3",
    "strace",
  ]);
  expect(toolsFor(ROOT, ["./test/integration/power-cut"])).toEqual(["strace"]);
  expect(toolsFor(ROOT, [join(ROOT, "test/integration/power-cut")])).toEqual(["strace"]);
  expect(toolsFor(ROOT, ["-t", "no file has this in its path"])).toEqual(toolsFor(ROOT, []));
});

test("every tool of the table is needed by a test, and every test needs tools of the table", () => {
  const named = new Set<string>(toolsFor(ROOT, []));
  expect(Object.keys(TOOLS).filter((name) => !named.has(name))).toEqual([]);
  const strangers = FILES.flatMap((file) => namesIn(readFileSync(join(ROOT, file), "utf8"))).filter(
    (name) => !(name in TOOLS),
  );
  expect(strangers).toEqual([]);
});

test("no test starts a tool without saying that it needs it", () => {
  const silent = FILES.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    const started = [
      ...text.matchAll(/\[\s*"(curl|prlimit|python3|setpriv|sqlite3|strace|mount)",/g),
    ];
    const needed = namesIn(text);
    return started.flatMap(([, name = ""]) => (needed.includes(name) ? [] : `${file}: ${name}`));
  });
  expect(silent).toEqual([]);
});

test("a tool is fine, missing, or there without working", () => {
  const tool = (isThere: boolean, works?: boolean): Tool => ({
    package: "p",
    use: "be tried",
    isThere: () => isThere,
    ...(works === undefined ? {} : { works: () => works }),
  });
  const reason = (it: Tool) => reasonAgainst("drill", it);
  expect(reason(tool(true))).toBeNull();
  expect(reason(tool(true, true))).toBeNull();
  expect(reason(tool(true, false))).toBe("drill does not work here");
  expect(reason(tool(false, true))).toBe("drill is not installed");
  expect(stateOf(tool(false, false))).toBe("missing");
  expect(reason({ ...tool(false), reason: "there is no wall" })).toBe("there is no wall");
});

test("packages are installed with apt-get, by root or with a sudo that asks nothing", () => {
  const machine = (programs: string[], isRoot = false, maySudo = false): Machine => ({
    isRoot,
    has: (program) => programs.includes(program),
    maySudo: () => maySudo,
  });
  expect(rootPrefix(machine([], true))).toEqual({ refusal: "there is no apt-get here" });
  expect(rootPrefix(machine(["apt-get"], true))).toEqual({ prefix: [] });
  expect(rootPrefix(machine(["apt-get"]))).toEqual({
    refusal: "this user is not root, and there is no sudo",
  });
  expect(rootPrefix(machine(["apt-get", "sudo"]))).toEqual({
    refusal: "this user is not root, and sudo asks for a password",
  });
  expect(rootPrefix(machine(["apt-get", "sudo"], false, true))).toEqual({ prefix: ["sudo", "-n"] });
});

test("an installed program is found also on a PATH without Debian's folders, after the user's own", () => {
  expect(completePath("/opt/bin:/usr/bin")).toBe(
    "/opt/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin",
  );
});
