import { expect, test } from "bun:test";
import { isGroup } from "../../cli/command/command.ts";
import { helpOf, helpOfAll } from "../../cli/command/help.ts";
import { COMMANDS } from "../../cli/commands.ts";

test.each([60, 80, 120, null])("help fits a terminal of %p columns", (width) => {
  const terminal = { width, colour: false };
  const all = Object.values(COMMANDS).flatMap((entry) =>
    isGroup(entry) ? [entry, ...Object.values(entry.commands)] : [entry],
  );
  const helps = all.map((entry) => helpOf(entry, terminal));
  const lines = [helpOfAll(COMMANDS, terminal), ...helps].flatMap((text) => text.split("\n"));
  expect(lines.filter((line) => line.length > Math.min(width ?? 100, 100))).toEqual([]);
});
