/** The examples of the help are command lines that tq takes. */
import { expect, test } from "bun:test";
import { allCommands } from "../../cli/command/command.ts";
import { readLine } from "../../cli/command/line.ts";
import { COMMANDS } from "../../cli/commands.ts";

const examples = (await allCommands(COMMANDS)).flatMap(({ name, examples: lines }) =>
  lines.map(([line]) => [line, name] as const),
);

/** The words of tq's own part of a line, as a shell divides it. */
function wordsOf(line: string): string[] {
  const [, own = ""] = /\btq ([^|>)]*)/.exec(line) ?? [];
  return Array.from(own.matchAll(/'([^']*)'|\S+/g), ([word, quoted]) => quoted ?? word);
}

test.each(examples)("the example %j is a line of tq %s", async (line, name) => {
  const read = await readLine(wordsOf(line), COMMANDS);
  expect(read).toMatchObject({ kind: "run", command: { name } });
});
