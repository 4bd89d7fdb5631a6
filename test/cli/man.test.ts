/** The manual page: it has all commands, and is what man and mandoc take without a complaint. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allCommands } from "../../cli/command/command.ts";
import { spellingsOf } from "../../cli/command/flags.ts";
import { usages } from "../../cli/command/line.ts";
import { COMMANDS } from "../../cli/commands.ts";
import { EXIT_STATUSES } from "../../cli/man/exit-statuses.ts";
import { plain, prose } from "../../cli/man/roff.ts";
import { EXIT_CODES } from "../../src/errors.ts";
import { needs } from "../support/needs.ts";
import { Folder } from "./tq.ts";

/** The page in a file, made by the command. */
async function page(): Promise<Folder> {
  const folder = new Folder();
  const { code, stdout, stderr } = await folder.tq("man");
  expect([code, stderr]).toEqual([0, ""]);
  folder.write("tq.1", stdout);
  return folder;
}

async function run(folder: Folder, ...command: string[]) {
  const child = Bun.spawn(command, {
    cwd: folder.path,
    env: { ...process.env, LC_ALL: "C.UTF-8", MANWIDTH: "10000", MANROFFOPT: "" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const texts = [child.stdout, child.stderr].map((stream) => new Response(stream).text());
  const [stdout = "", stderr = ""] = await Promise.all(texts);
  return { code: await child.exited, stdout, stderr };
}

needs("mandoc").test("mandoc finds no fault in the manual page", async () => {
  await using folder = await page();
  expect(await run(folder, "mandoc", "-T", "lint", "tq.1")).toEqual({
    code: 0,
    stdout: "",
    stderr: "",
  });
});

needs("man").test("man shows each command and each flag, and warns of nothing", async () => {
  await using folder = await page();
  const { code, stdout, stderr } = await run(folder, "man", "--warnings", "-l", "tq.1");
  expect([code, stderr]).toEqual([0, ""]);
  const text = stdout.replaceAll(/\s+/g, " ");
  for (const command of await allCommands(COMMANDS)) {
    for (const usage of usages(command)) expect(text).toContain(usage);
    expect(text).toContain(`${command.description}.`);
    for (const [name, flag] of Object.entries(command.flags)) {
      const label = flag.type === "positional" ? name.toUpperCase() : spellingsOf(name, flag)[0];
      expect(text).toContain(`${label}`);
      expect(text).toContain(flag.description);
    }
  }
});

test("text is no request and no escape in the manual page", () => {
  expect(plain("a\\b -c 'd' é")).toBe(String.raw`a\eb \-c \(aqd\(aq \[u00E9]`);
  expect(prose(".TH 1")).toBe(String.raw`\&.TH 1`);
  const long = `${"word ".repeat(15)}wo .SH x`;
  expect(prose(long)).toBe(`${"word ".repeat(15)}wo\n\\&.SH x`);
});

test("the exit statuses of the manual page are those of docs/commands.md", () => {
  const document = readFileSync(join(import.meta.dir, "../../docs/commands.md"), "utf8");
  const rows = document
    .split("\n")
    .filter((line) => /^\| \d/.test(line))
    .map((line) => line.split("|").map((cell) => cell.replaceAll("`", "").trim()));
  const told = rows.map(([, status, , , meaning]) => [Number(status), meaning]);
  expect(EXIT_STATUSES.map(([...row]) => row)).toEqual(told as [number, string][]);
  expect(Object.values(EXIT_CODES)).toBeArrayOfSize(EXIT_STATUSES.length - 3);
});

test("tq man says on a terminal how the page is read", async () => {
  await using folder = new Folder();
  const { text } = await folder.inTerminal({ columns: 80 }, "man");
  expect(text).toEndWith("tq: To read it: tq man | man -l -\n");
});
