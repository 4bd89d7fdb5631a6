/** The manual page of tq, from the tables of its commands and settings. */
import { SETTINGS } from "../../src/settings/table.ts";
import { MADE_AT, VERSION } from "../../src/version.ts";
import { allCommands, type Command, type Commands } from "../command/command.ts";
import { COMMON_FLAGS, type Flag, spellingsOf, valueWords } from "../command/flags.ts";
import { usages } from "../command/line.ts";
import { EXIT_STATUSES } from "./exit-statuses.ts";
import {
  bold,
  entry,
  example,
  italic,
  PARAGRAPH,
  prose,
  section,
  subsection,
  title,
} from "./roff.ts";

export async function manPage(commands: Commands): Promise<string> {
  const date = new Date(MADE_AT).toISOString().slice(0, "2026-07-31".length);
  const parts = [
    title("TQ", 1, date, `tq ${VERSION}`),
    section("NAME"),
    prose("tq - a task queue in one executable"),
    section("SYNOPSIS"),
    `${bold("tq")} [${italic("flags")}] ${italic("COMMAND")}`,
    section("DESCRIPTION"),
    ...ABOUT.flatMap((text) => [PARAGRAPH, prose(text)]).slice(1),
    section("COMMANDS"),
    ...(await allCommands(commands)).flatMap(commandParts),
    section("FLAGS OF EVERY COMMAND"),
    ...flagEntries(Object.entries(COMMON_FLAGS)),
    section("EXIT STATUS"),
    ...EXIT_STATUSES.map(([status, meaning]) => entry(bold(String(status)), prose(meaning))),
    section("ENVIRONMENT"),
    ...VARIABLES.map(([name, meaning]) => entry(bold(name), prose(meaning))),
    section("SETTINGS"),
    prose(ABOUT_SETTINGS),
    ...Array.from(SETTINGS.values(), (setting) => {
      return entry(
        bold(setting.key),
        prose(`${setting.description} (default: ${setting.default})`),
      );
    }),
    section("FILES"),
    ...FILES.map(([name, meaning]) => entry(italic(name), prose(meaning))),
    section("EXAMPLES"),
    prose("A project, its first task, and a worker that runs tasks until none is left:"),
    example(["tq init shop", "cd shop", "tq push order confirm 1", "tq worker --drain"]),
    PARAGRAPH,
    prose("What failed in the last hour, and all of that once more:"),
    example([
      "tq list --state failed --ended-after 1h",
      "tq retry --state failed --ended-after 1h",
    ]),
    section("SEE ALSO"),
    `${bold("tq help")} ${italic("COMMAND")}, ${bold("sqlite3")}(1)`,
  ];
  return `${parts.join("\n")}\n`;
}

const ABOUT = [
  "tq keeps tasks in a SQLite database, and runs them on a pool of worker threads. A task calls a method of a model, or a function, of a file models.ts; nothing but tq itself is installed.",
  "Programs push tasks by TypeScript, on the command line, over HTTP, or by plain SQL within their own transactions. What a task writes to the database and that it has finished are one commit.",
];

const ABOUT_SETTINGS =
  "Settings come from tq.toml, then from the environment, then from flags. queue.clean_days is clean_days under [queue] in the file, and TQ_QUEUE__CLEAN_DAYS in the environment. tq config shows those in effect.";

const VARIABLES = [
  ["TQ_CONFIG", "The settings file, as --config"],
  ["TQ_DATABASE", "The database, as --database"],
  ["TQ_MODELS", "The models, as --models"],
  ["TQ_URL", "The tq of another machine, as --url"],
  ["TQ_TOKEN_FILE", "The file with a token for it, as --token-file"],
  ["TQ_SECTION__NAME", "A setting: see SETTINGS"],
  ["TQ_COMPLETION_PATIENCE", "The longest time of a completion in the shell (default: 2s)"],
  ["NO_COLOR", "If set, nothing is printed in colours"],
] as const;

const FILES = [
  ["tq.toml", "The settings, in the current folder"],
  ["models.ts", "The models and functions, beside tq.toml; or a folder models"],
  ["tq.db", "The database, beside tq.toml; tq.db-wal and tq.db-shm belong to it"],
  ["tq.token", "The first token of the admin API, beside the database"],
] as const;

function commandParts(command: Command): string[] {
  const all = Object.entries(command.flags);
  const own = all.filter(([name]) => !Object.hasOwn(COMMON_FLAGS, name));
  const positionals = own.filter(([, flag]) => flag.type === "positional");
  return [
    ...usages(command).map(subsection),
    prose(`${command.description}.`),
    ...positionals.map(([name, flag]) =>
      entry(italic(name.toUpperCase()), prose(flag.description)),
    ),
    ...flagEntries(own.filter(([, flag]) => flag.type !== "positional")),
    ...command.examples.flatMap(([line, words]) => [
      PARAGRAPH,
      prose(`${words}:`),
      example([line]),
    ]),
  ];
}

function flagEntries(flags: readonly (readonly [string, Flag])[]): string[] {
  return flags.map(([name, flag]) => {
    const spellings = spellingsOf(name, flag).map(bold).join(", ");
    return entry(`${spellings}${italicValue(valueWords(flag))}`, prose(flag.description));
  });
}

/** ` N` or `[=all]`, of which only the value is slanted. */
function italicValue(words: string): string {
  return words.replace(/[^ [\]=]+(?: [^ [\]=]+)*/, italic);
}
