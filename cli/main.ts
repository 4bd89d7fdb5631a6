/** The executable: reads the line, runs the command, and ends with its exit status. */
import { runCommand } from "citty";
import { COMMANDS } from "./commands.ts";
import { checkBytes } from "./terminal/bytes.ts";
import { explain } from "./command/explain.ts";
import { helpOf, helpOfAll } from "./command/help.ts";
import { readLine } from "./command/line.ts";
import { note, outputTerminal, print } from "./terminal/terminal.ts";

/** @returns the exit status; undefined when the command leaves it as it is */
async function main(argv: readonly string[]): Promise<number | undefined> {
  checkBytes(argv);
  const line = readLine(argv, COMMANDS);
  switch (line.kind) {
    case "help": {
      const terminal = outputTerminal();
      print(line.command === null ? helpOfAll(COMMANDS, terminal) : helpOf(line.command, terminal));
      return 0;
    }
    case "run": {
      const { command, given, args } = line;
      const { result } = await runCommand(command.citty(given), { rawArgs: args });
      return typeof result === "number" ? result : undefined;
    }
  }
}

const argv = process.argv.slice(2);
try {
  process.exitCode = (await main(argv)) ?? process.exitCode;
} catch (error) {
  const { text, status } = explain(error, {
    json: argv.includes("--json"),
    verbose: argv.includes("-v") || argv.includes("--verbose"),
  });
  note(text);
  process.exitCode = status;
}
