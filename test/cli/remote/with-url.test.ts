/** Which commands work with --url: one table, of which the page on HTTP has each. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allCommands } from "../../../cli/command/command.ts";
import { WITH_URL } from "../../../cli/command/with-url.ts";
import { COMMANDS } from "../../../cli/commands.ts";
import { Folder } from "../tq.ts";

const commands = await allCommands(COMMANDS);

/** A command with its arguments that have to be there. */
function lineOf({ name, flags }: (typeof commands)[number]): string[] {
  const needed = Object.values(flags).filter(
    ({ type, required = true }) => type === "positional" && required,
  );
  return [...name.split(" "), ...needed.map(() => "nightly")];
}

test("every command of the table is one", () => {
  const names = commands.map(({ name }) => name);
  expect(WITH_URL.filter((name) => !names.includes(name))).toEqual([]);
});

test("docs/http.md lists them", () => {
  const page = readFileSync(join(import.meta.dir, "../../../docs/http.md"), "utf8");
  const [, list = ""] = /- These commands take it: (.*?)\. All/s.exec(page) ?? [];
  const told = Array.from(list.matchAll(/`([a-z ]+)`/g), ([, name]) => name);
  expect(told).toEqual([...WITH_URL]);
});

test.each(commands.filter(({ name }) => !WITH_URL.includes(name)))(
  "tq $name refuses --url with one sentence",
  async (command) => {
    await using office = new Folder();
    office.write("token", "t");
    const flags = ["--url", "http://127.0.0.1:1", "--token-file", "token"];
    const { code, stdout, stderr } = await office.tq(...flags, ...lineOf(command));
    expect([code, stdout, stderr]).toEqual([
      2,
      "",
      `tq: tq ${command.name} works on this machine alone: leave out --url, and unset TQ_URL; or run it there\n`,
    ]);
  },
);
