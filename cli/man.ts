/** `tq man`: prints the manual page. */
import { isTerminal } from "../src/log/terminal.ts";
import { command } from "./command/command.ts";
import { COMMANDS } from "./commands.ts";
import { manPage } from "./man/page.ts";
import { write } from "./terminal/terminal.ts";

export const man = command({
  name: "man",
  description: "Print the manual page, for man -l - or a file tq.1",
  examples: [
    ["tq man | man -l -", "Read it"],
    ["mkdir -p ~/.local/share/man/man1", "Where man looks"],
    ["tq man > ~/.local/share/man/man1/tq.1", "Let man tq find it"],
  ],
  flags: {},
  run: async (_values, program) => {
    write(await manPage(COMMANDS));
    if (isTerminal(1)) program.note("To read it: tq man | man -l -");
  },
});
