import { describe, expect, test } from "bun:test";
import { COMMANDS } from "../../cli/commands.ts";
import { requireUtf8 } from "../../cli/terminal/utf8.ts";
import { readLine } from "../../cli/command/line.ts";
import { TqError } from "../../src/errors.ts";

/** The line as citty gets it, the command's name first. */
async function plain(...argv: string[]): Promise<string[]> {
  const line = await readLine(argv, COMMANDS);
  if (line.kind !== "run") throw new Error(`It is ${line.kind}`);
  return [line.command.name, ...line.args];
}

async function help(...argv: string[]): Promise<string | null> {
  const line = await readLine(argv, COMMANDS);
  if (line.kind !== "help") throw new Error(`It is ${line.kind}`);
  return line.command?.name ?? null;
}

async function refusal(...argv: string[]): Promise<string> {
  try {
    await readLine(argv, COMMANDS);
  } catch (error) {
    expect(error).toBeInstanceOf(TqError);
    expect((error as TqError).code).toBe("invalid");
    return (error as TqError).message;
  }
  throw new Error("It was not refused");
}

describe("a command line", () => {
  test.each([
    ["flags behind the command", ["list", "--limit", "5"], ["list", "--limit=5", "--"]],
    ["a value behind an equals sign", ["list", "--limit=5"], ["list", "--limit=5", "--"]],
    ["common flags before the command", ["-d", "x.db", "list"], ["list", "--database=x.db", "--"]],
    ["common flags behind it", ["list", "-d", "x.db"], ["list", "--database=x.db", "--"]],
    ["a short flag and its value in one", ["list", "-dx.db"], ["list", "--database=x.db", "--"]],
    ["a short flag with an equals sign", ["list", "-d=x.db"], ["list", "--database=x.db", "--"]],
    ["short flags in one", ["-vd", "x.db", "list"], ["list", "--verbose", "--database=x.db", "--"]],
    ["the other name of a flag", ["list", "--name", "mail"], ["list", "--queue=mail", "--"]],
    ["a value given twice", ["list", "--limit=5", "--limit=5"], ["list", "--limit=5", "--"]],
    [
      "repeated flags",
      ["list", "--state", "ready", "--state=failed"],
      ["list", "--state=ready,failed", "--"],
    ],
    ["arguments between flags", ["show", "--json", "7"], ["show", "--json", "--", "7"]],
    ["many arguments", ["retry", "1", "2", "3"], ["retry", "--", "1", "2", "3"]],
    ["arguments behind two dashes", ["show", "--", "-7"], ["show", "--", "-7"]],
    ["a lone dash as an argument", ["push", "m", "f", "-"], ["push", "--", "m", "f", "-"]],
    [
      "a value that holds an equals sign",
      ["push", "m", "f", "7", "--ref=a=b"],
      ["push", "--ref=a=b", "--", "m", "f", "7"],
    ],
    [
      "a negative length of time",
      ["push", "m", "f", "7", "--scheduled-at", "-5m"],
      ["push", "--scheduled-at=-5m", "--", "m", "f", "7"],
    ],
    [
      "a negative one behind an equals sign",
      ["push", "m", "f", "7", "--scheduled-at=-5m"],
      ["push", "--scheduled-at=-5m", "--", "m", "f", "7"],
    ],
    ["a command of two words", ["cron", "list", "--json"], ["cron list", "--json", "--"]],
    [
      "common flags before both of its words and between them",
      ["-q", "cron", "-d", "x.db", "list"],
      ["cron list", "--quiet", "--database=x.db", "--"],
    ],
    ["the version of a group", ["cron", "--version"], ["version", "--version"]],
    ["the version as a flag", ["--version"], ["version", "--version"]],
    [
      "the version as a flag with others",
      ["--json", "list", "--version"],
      ["version", "--json", "--version"],
    ],
  ])("takes %s", async (_name, argv, expected) => {
    expect(await plain(...argv)).toEqual(expected);
  });

  test("leaves everything behind the program of run to the program", async () => {
    const argv = ["-q", "run", "--json", "app.ts", "--json", "-x", "--", "--limit", "a"];
    expect(await plain(...argv)).toEqual(["run", "--quiet", "--json", "--", ...argv.slice(3)]);
  });

  test("is a wish for help without a command, with --help, -h or help", async () => {
    expect(await help()).toBeNull();
    expect(await help("--help")).toBeNull();
    expect(await help("help")).toBeNull();
    expect(await help("help", "list")).toBe("list");
    expect(await help("list", "-h")).toBe("list");
    expect(await help("--help", "push")).toBe("push");
    expect(await help("show", "--help")).toBe("show");
  });

  test("is a wish for the help of a group with its name alone, and of its command with both words", async () => {
    for (const argv of [
      ["cron"],
      ["cron", "--help"],
      ["help", "cron"],
      ["cron", "help"],
      ["--help", "cron"],
    ]) {
      expect(await help(...argv)).toBe("cron");
    }
    for (const argv of [
      ["cron", "list", "--help"],
      ["cron", "--help", "list"],
      ["help", "cron", "list"],
      ["cron", "help", "list"],
    ]) {
      expect(await help(...argv)).toBe("cron list");
    }
  });

  test.each([
    [["lst"], 'Unknown command "lst"; did you mean "list"?'],
    [["frobnicate"], 'Unknown command "frobnicate"; tq --help lists them'],
    [["cron", "lst"], 'Unknown command "lst" of tq cron; did you mean "list"?'],
    [["cron", "frobnicate"], 'Unknown command "frobnicate" of tq cron; tq cron --help lists them'],
    [["help", "cron", "lst"], 'Unknown command "lst" of tq cron; did you mean "list"?'],
    [["crn"], 'Unknown command "crn"; did you mean "cron"?'],
    [
      ["cron", "--limit", "5", "history"],
      'Unknown flag "--limit"; put the flags of a command after its name',
    ],
    [["cron", "list", "--limit"], 'Unknown flag "--limit"; see tq cron list --help'],
    [["cron", "list", "x"], 'Unexpected argument "x": tq cron list [flags]'],
    [
      ["cron", "pause"],
      "NAME is missing (the name of a recurring task): tq cron pause [flags] NAME",
    ],
    [["help", "lst"], 'Unknown command "lst"; did you mean "list"?'],
    [["toString"], 'Unknown command "toString"; tq --help lists them'],
    [["list", "--sate", "x"], 'Unknown flag "--sate"; did you mean "--state"?'],
    [["list", "--frobnicate"], 'Unknown flag "--frobnicate"; see tq list --help'],
    [["list", "-x"], 'Unknown flag "-x"; see tq list --help'],
    [["list", "--no-json"], 'Unknown flag "--no-json"; did you mean "--json"?'],
    [["list", "--constructor"], 'Unknown flag "--constructor"; see tq list --help'],
    [
      ["--queue", "mail", "list"],
      'Unknown flag "--queue"; put the flags of a command after its name',
    ],
    [["list", "--limit"], "--limit needs a value: --limit N"],
    [["list", "--limit="], "--limit needs a value: --limit N"],
    [["list", "--queue", ""], "--queue needs a value: --queue QUEUE"],
    [["list", "--queue", "--json"], "--queue needs a value: --queue QUEUE"],
    [["list", "-d"], "-d needs a value: -d FILE|URL"],
    [["list", "--json=false"], '--json takes no value: leave out "=false"'],
    [["status", "7"], 'Unexpected argument "7": tq status [flags]'],
    [["show", "7", "8"], 'Unexpected argument "8": tq show [flags] [ID]'],
    [
      ["run"],
      "FILE is missing (a TypeScript or JavaScript file): tq run [flags] FILE [ARGUMENT]...",
    ],
    ...[["backup"], ["bundle"], ["init"], ["restore"], ["run"], ["upgrade"]].map(
      ([name = ""]) =>
        [
          [name, ""],
          `${{ backup: "TO", init: "FOLDER" }[name] ?? "FILE"} is empty: name a path, or set the variable that it comes from`,
        ] as [string[], string],
    ),
    [
      ["push"],
      "MODEL is missing (the name of a model, such as sale, or of a function): tq push [flags] MODEL METHOD INSTANCES, or tq push [flags] FUNCTION [ARGS]",
    ],
  ])("of %j is refused", async (argv, message) => {
    expect(await refusal(...argv)).toBe(message);
  });
});

test("two values for a flag that takes one are refused, on either side of the command", async () => {
  const words = "-d is given twice, as a.db and b.db: leave one out";
  expect(await refusal("list", "-d", "a.db", "-d", "b.db")).toBe(words);
  expect(await refusal("-d", "a.db", "list", "-d", "b.db")).toBe(words);
  expect(await refusal("list", "--queue", "mail", "--name", "print")).toContain("mail and print");
});

describe("an argument", () => {
  const line = Buffer.from("tq\0push\0a\uFFFD\0\0b");

  test("that is not UTF-8 is refused, though its text has lost the bytes", () => {
    const broken = Buffer.concat([line, Buffer.of(0xff, 0)]);
    expect(() => requireUtf8(["push", "a\uFFFD", "", "b\uFFFD"], () => broken)).toThrow(
      'Cannot read the argument "b\uFFFD": it is not UTF-8',
    );
  });

  test("may have the character that stands for lost bytes, and the system need not tell", () => {
    requireUtf8(["push", "a\uFFFD", "", "b"], () => line);
    requireUtf8(["push", "a\uFFFD", "", "b"], () => Buffer.alloc(0));
  });
});
