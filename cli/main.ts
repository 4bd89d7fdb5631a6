/** The executable: reads the command line, runs the command, and exits with its status. */
import { runCommand } from "citty";
import { COMMANDS } from "./commands.ts";
import { requireUtf8 } from "./terminal/utf8.ts";
import { explain } from "./command/explain.ts";
import { helpOf, helpOfAll } from "./command/help.ts";
import { readLine } from "./command/line.ts";
import { note, outputTerminal, print } from "./terminal/terminal.ts";

/** @returns the exit status; undefined keeps the status that a user's program may have set */
async function main(argv: readonly string[]): Promise<number | undefined> {
  requireUtf8(argv);
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
