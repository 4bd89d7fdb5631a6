/** The examples of the help are command lines that tq takes. */
import { expect, test } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { allCommands } from "../../cli/command/command.ts";
import { readLine } from "../../cli/command/line.ts";
import { COMMANDS } from "../../cli/commands.ts";
import { makeFolder } from "../support/folder.ts";

const all = (await allCommands(COMMANDS)).flatMap(({ name, examples: lines }) =>
  lines.map(([line]) => [line, name] as const),
);

const examples = all.filter(([line]) => /\btq /.test(line));

/** The words of tq's own part of a line, as a shell divides it. */
function wordsOf(line: string): string[] {
  const [, own = ""] = /\btq ([^|>)]*)/.exec(line) ?? [];
  return Array.from(own.matchAll(/'([^']*)'|\S+/g), ([word, quoted]) => quoted ?? word);
}

const WRITING = examples.map(([line]) => line).filter((line) => / > ~\//.test(line));

/** The line, behind that which makes its folder. */
function withFolder(line: string): string {
  const [before = ""] = all[all.findIndex(([one]) => one === line) - 1] ?? [];
  return before.startsWith("mkdir ") ? `${before} && ${line}` : line;
}

test.each(WRITING)("the example %j works in a home where nothing is", async (line) => {
  using home = makeFolder();
  using bin = makeFolder();
  const main = `${import.meta.dir}/../../cli/main.ts`;
  writeFileSync(bin.file("tq"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"`, {
    mode: 0o755,
  });
  const path = `${bin.path}:${process.env["PATH"]}`;
  const env = { ...process.env, HOME: home.path, PATH: path };
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-c", withFolder(line)], {
    env,
    cwd: home.path,
  });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  const [, written = ""] = / > ~\/(\S+)/.exec(line) ?? [];
  expect(statSync(home.file(written)).size).toBeGreaterThan(1_000);
});

test("the lines that write a file into the home of a user are found", () => {
  expect(WRITING).toHaveLength(2);
});

test.each(examples)("the example %j is a line of tq %s", async (line, name) => {
  const read = await readLine(wordsOf(line), COMMANDS);
  expect(read).toMatchObject({ kind: "run", command: { name } });
});
