import { expect, test } from "bun:test";
import { helpOf, helpOfAll } from "../../cli/command/help.ts";
import { COMMANDS } from "../../cli/commands.ts";

test.each([60, 80, 120, null])("help fits a terminal of %p columns", (width) => {
  const terminal = { width, colour: false };
  const helps = Object.values(COMMANDS).map((command) => helpOf(command, terminal));
  const lines = [helpOfAll(COMMANDS, terminal), ...helps].flatMap((text) => text.split("\n"));
  expect(lines.filter((line) => line.length > Math.min(width ?? 100, 100))).toEqual([]);
});
