/** `tq completions SHELL`: prints the script that completes command lines of tq, or what the script asks for. */
import { TqError } from "../src/errors.ts";
import { quote } from "../src/quote.ts";
import { didYouMean } from "../src/suggest.ts";
import { command } from "./command/command.ts";
import { MODELS_WORD, printNames } from "./command/models-process.ts";
import { isShell, SHELL_NAMES, SHELLS } from "./completion/shells.ts";
import { write } from "./terminal/terminal.ts";

export const completions = command({
  name: "completions",
  description: "Print a script that completes commands, flags, queues, models and methods",
  passesOn: true,
  examples: [
    ["source <(tq completions bash)", "In ~/.bashrc"],
    ["source <(tq completions zsh)", "In ~/.zshrc, behind compinit"],
    ["mkdir -p ~/.config/fish/completions", "Once, for fish"],
    ["tq completions fish > ~/.config/fish/completions/tq.fish", "Then, once"],
    ["tq completions powershell | Out-String | iex", "In $PROFILE"],
  ],
  flags: {
    shell: {
      type: "positional",
      valueHint: SHELL_NAMES.join("|"),
      description: `The shell: ${SHELL_NAMES.join(", ")}; with the words of a line behind it, only what fits the last one`,
    },
  },
  run: async ({ _: [shell = "", ...words] }) => {
    if (shell === MODELS_WORD) {
      await printNames(words[0] ?? "");
      return 0;
    }
    if (!isShell(shell)) {
      const why = `it must be one of ${SHELL_NAMES.join(", ")}${didYouMean(shell, SHELL_NAMES)}`;
      throw new TqError("invalid", `SHELL cannot be ${quote(shell)}: ${why}`);
    }
    const form = SHELLS[shell];
    if (words.length === 0) {
      write(form.script);
      return 0;
    }
    const { complete } = await import("./completion/candidates.ts");
    const { COMMANDS } = await import("./commands.ts");
    write(form.answer(await complete(form.words(words), COMMANDS)));
    return 0;
  },
});
