import { expect, test } from "bun:test";
import { isGroup, loadAll } from "../../cli/command/command.ts";
import { helpOf, helpOfAll } from "../../cli/command/help.ts";
import { COMMANDS } from "../../cli/commands.ts";

test("a flag that sets a setting names it, as tq.toml may say another value than the default", async () => {
  const all = await loadAll(COMMANDS);
  const push = all.find(({ name }) => name === "push");
  const help = push && (await helpOf(push, { width: null, colour: false }));
  expect(help?.replaceAll(/\s+/g, " ")).toContain("(setting queue.worker; default: false)");
});

test.each([60, 80, 120, null])("help fits a terminal of %p columns", async (width) => {
  const terminal = { width, colour: false };
  const entries = await loadAll(COMMANDS);
  const groups = entries.filter(isGroup).map(({ commands }) => loadAll(commands));
  const all = [...entries, ...(await Promise.all(groups)).flat()];
  const helps = all.map((entry) => helpOf(entry, terminal));
  const texts = await Promise.all([helpOfAll(COMMANDS, terminal), ...helps]);
  const lines = texts.flatMap((text) => text.split("\n"));
  expect(lines.filter((line) => line.length > Math.min(width ?? 100, 100))).toEqual([]);
});
