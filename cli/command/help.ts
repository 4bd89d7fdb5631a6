/** Makes the help from the descriptions of the commands and their flags. */
import { type Command, type CommandGroup, type Commands, isGroup, loadAll } from "./command.ts";
import { COMMON_FLAGS, spellingsOf, valueWords } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { usages } from "./line.ts";
import { paint } from "../terminal/terminal.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { pad } from "../terminal/text.ts";

/** Wider lines are hard to read, whatever the width of the terminal. */
const MAX_WIDTH = 100;
const LABEL_WIDTH = 26;

/** The commands by what people want of them; all others are for those who keep tq running. */
const GROUPS: readonly (readonly [title: string, words: readonly string[]])[] = [
  ["Begin", ["init", "worker", "push", "run", "cron"]],
  ["Look at tasks", ["list", "show", "logs", "watch", "why", "try"]],
  ["Change tasks", ["retry", "cancel", "move", "delete", "pause", "resume", "clean"]],
  ["See how it goes", ["top", "status", "stats"]],
];

export async function helpOfAll(commands: Commands, terminal: Terminal): Promise<string> {
  const list = await describe(commands);
  const isGrouped = (name: string) => GROUPS.some(([, words]) => words.includes(name));
  const groups = GROUPS.map(([title, words]) => {
    const entries = words.flatMap((word) => list.filter(([name]) => name === word));
    return section(title, entries, terminal);
  });
  const others = list.filter(([name]) => !isGrouped(name));
  return [
    "tq: a task queue in one executable",
    "",
    section(
      "Usage",
      [
        ["tq [flags] COMMAND", "tq COMMAND --help shows the flags of a command"],
        ["tq init", "starts a project here, and says what comes next"],
      ],
      terminal,
    ),
    ...groups,
    section("Operate", others, terminal),
    section("Flags of every command", describeFlags(Object.entries(COMMON_FLAGS)), terminal),
  ]
    .join("\n")
    .trimEnd();
}

export async function helpOf(entry: Command | CommandGroup, terminal: Terminal): Promise<string> {
  return isGroup(entry) ? helpOfGroup(entry, terminal) : helpOfCommand(entry, terminal);
}

async function helpOfGroup(
  { name, description, commands }: CommandGroup,
  terminal: Terminal,
): Promise<string> {
  const list = await describe(commands);
  const hint = `tq ${name} COMMAND --help shows the flags of a command`;
  return [
    wrap(description, widthOf(terminal)).join("\n"),
    "",
    section("Usage", [[`tq ${name} [flags] COMMAND`, hint]], terminal),
    section("Commands", list, terminal),
    section("Flags of every command", describeFlags(Object.entries(COMMON_FLAGS)), terminal),
  ]
    .join("\n")
    .trimEnd();
}

async function describe(commands: Commands): Promise<Entries> {
  return (await loadAll(commands)).map(({ name, description }) => [name, description] as const);
}

function helpOfCommand(command: Command, terminal: Terminal): string {
  const all = Object.entries(command.flags);
  const common = Object.keys(COMMON_FLAGS);
  const own = all.filter(([name, flag]) => flag.type !== "positional" && !common.includes(name));
  const positionals = all
    .filter(([, flag]) => flag.type === "positional")
    .map(([name, flag]) => [name.toUpperCase(), flag.description] as const);
  return [
    wrap(command.description, widthOf(terminal)).join("\n"),
    "",
    section(
      "Usage",
      usages(command).map((line) => [line, ""] as const),
      terminal,
    ),
    section("Arguments", positionals, terminal),
    section("Flags", describeFlags(own), terminal),
    section("Examples", command.examples, terminal),
    section("Flags of every command", describeFlags(Object.entries(COMMON_FLAGS)), terminal),
  ]
    .filter((part, at) => at < 2 || part !== "") // sections without entries go, the line after the description stays
    .join("\n")
    .trimEnd();
}

type Entries = readonly (readonly [label: string, words: string])[];

function section(title: string, entries: Entries, terminal: Terminal): string {
  if (entries.length === 0) return "";
  const width = widthOf(terminal);
  const lines = entries.flatMap(([label, words]) => entry(label, words, width));
  return [paint(terminal, "bold", title), ...lines, ""].join("\n");
}

function widthOf(terminal: Terminal): number {
  return Math.min(terminal.width ?? MAX_WIDTH, MAX_WIDTH);
}

/** The label, and beside it the description on as many lines as it needs. */
function entry(label: string, words: string, width: number): string[] {
  const lines = wrap(words, Math.max(20, width - LABEL_WIDTH - 4));
  if (label.length > LABEL_WIDTH && words !== "")
    return [`  ${label}`, ...lines.map((line) => `  ${pad("", LABEL_WIDTH)}  ${line}`)];
  return lines.map((line, at) => `  ${pad(at === 0 ? label : "", LABEL_WIDTH)}  ${line}`.trimEnd());
}

function wrap(words: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function describeFlags(flags: readonly (readonly [string, Flag])[]): Entries {
  return flags.map(([name, flag]) => [label(name, flag), flag.description] as const);
}

/** `-n, --threads N`, `--drain[=all]`, `--queue, --name NAME`. */
function label(name: string, flag: Flag): string {
  return spellingsOf(name, flag).join(", ") + valueWords(flag);
}
