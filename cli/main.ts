/** The executable: reads the command line, runs the command, and exits with its status. */
import { runCommand } from "citty";
import { COMMANDS } from "./commands.ts";
import { goesToJournal, withPriority } from "../src/log/journal.ts";
import { requireUtf8, requireUtf8Surroundings } from "./terminal/utf8.ts";
import { explain } from "./command/explain.ts";
import { readLine } from "./command/line.ts";
import { avoidMisplacedCache } from "./command/transpiler-cache.ts";
import { endOnSignalsAsFirst } from "./command/signals.ts";
import { serviceIn } from "./service/windows/as-service.ts";
import { note, outputTerminal, print } from "./terminal/terminal.ts";

/** @returns the exit status; undefined while the program of `tq run` goes on, which may set its own */
async function main(argv: readonly string[]): Promise<number | undefined> {
  requireUtf8(argv);
  const line = await readLine(argv, COMMANDS);
  switch (line.kind) {
    case "help": {
      const { helpOf, helpOfAll } = await import("./command/help.ts"); // the commands start without it
      const terminal = outputTerminal();
      const help =
        line.command === null ? helpOfAll(COMMANDS, terminal) : helpOf(line.command, terminal);
      print(await help);
      return 0;
    }
    case "run": {
      const { command, given, args } = line;
      // `tq version` reads no path and no setting, and must work anywhere.
      if (command.name !== "version") requireUtf8Surroundings();
      const { result } = await runCommand(command.citty(given), { rawArgs: args });
      if (typeof result === "number") return result;
      return command.passesOn ? undefined : 0;
    }
  }
}

async function ownArguments(given: string[]): Promise<string[]> {
  const started = process.platform === "win32" ? serviceIn(given) : null;
  if (started === null) return given;
  const { becomeService } = await import("./service/windows/process.ts"); // other systems have none of its functions
  const { speakBy } = await import("./service/notify.ts");
  speakBy(becomeService(started.service));
  return started.argv;
}

avoidMisplacedCache();
endOnSignalsAsFirst();
const argv = await ownArguments(process.argv.slice(2));
try {
  const status = await main(argv);
  if (status !== undefined) process.exit(status); // models may hold something open, such as a timer or a server
} catch (error) {
  const { text, status } = explain(error, {
    json: argv.includes("--json"),
    verbose: argv.includes("-v") || argv.includes("--verbose"),
  });
  note(goesToJournal(2) ? withPriority("error", text) : text);
  process.exit(status);
}
