/**
 * Reads a command line strictly: it refuses every unknown command, flag and argument, which citty would ignore. The
 * result is the same line in its plainest form (`--flag=value … -- arguments`), for citty to parse.
 */
import { parseArgs } from "node:util";
import { TqError } from "../../src/errors.ts";
import { printable } from "../../src/printable.ts";
import { nameHint } from "../../src/policies/other-names.ts";
import { fieldOf } from "../../src/policies/table.ts";
import { didYouMean } from "../../src/suggest.ts";
import { type Command, type CommandGroup, type Commands, isGroup } from "./command.ts";
import { aliasesOf, COMMON_FLAGS } from "./flags.ts";
import type { Flag, Flags } from "./flags.ts";

export type Line =
  | {
      readonly kind: "run";
      readonly command: Command;
      readonly args: string[];
      /** The names of the given flags. */
      readonly given: ReadonlySet<string>;
    }
  /** The help of one command, or of a group; null: of all. */
  | { readonly kind: "help"; readonly command: Command | CommandGroup | null };

/** @throws TqError `invalid`: an unknown command or flag; a value or an argument too many or too few. */
export async function readLine(argv: readonly string[], commands: Commands): Promise<Line> {
  return readWords(argv, commands, { group: null, earlier: new Map() });
}

interface Front {
  /** The group whose command follows; null: none was named. */
  readonly group: CommandGroup | null;
  /** The flags before its name. */
  readonly earlier: ReadonlyMap<string, string | true>;
}

async function readWords(
  argv: readonly string[],
  all: Commands,
  { group, earlier }: Front,
): Promise<Line> {
  const commands: Commands = group?.commands ?? all;
  const { before, word, after } = splitAtCommand(argv);
  const of = group === null ? "tq" : `tq ${group.name}`;
  const front = readFlags(tokenize(before, COMMON_FLAGS), COMMON_FLAGS, of, earlier);
  const versionLine = () => readLine([...before, "--version"], all);
  if (word === undefined) {
    if (!front.has("version")) return { kind: "help", command: group };
    if (group !== null) return versionLine();
    return runLine(await findVersion(all), front, []);
  }
  if (word === "help")
    return { kind: "help", command: await commandToExplain(after, commands, group) };

  const command = await findCommand(word, commands, group);
  if (isGroup(command)) return readWords(after, all, { group: command, earlier: front });
  const { own, passedOn } = splitPassedOn(after, command);
  const tokens = tokenize(own, command.flags);
  const flags = readFlags(tokens, command.flags, `tq ${command.name}`, front);
  if (flags.has("help")) return { kind: "help", command };
  if (flags.has("version")) return versionLine();

  const positionals = [...tokens.flatMap(positionalValues), ...passedOn];
  checkPositionals(positionals, command, flags);
  return runLine(command, flags, ["--", ...positionals]);
}

function runLine(
  command: Command,
  flags: ReadonlyMap<string, string | true>,
  rest: readonly string[],
): Line {
  const args = [...[...flags].map(plainFlag), ...rest];
  return { kind: "run", command, args, given: new Set(flags.keys()) };
}

/**
 * Splits at the first word that is neither a flag nor the value of one. Only the common flags are known before the
 * command is: what follows it is read again with the command's own.
 */
function splitAtCommand(argv: readonly string[]) {
  const token = tokenize(argv, COMMON_FLAGS).find(({ kind }) => kind !== "option");
  // As in `tq -- push`.
  const at = token?.kind === "option-terminator" ? token.index + 1 : (token?.index ?? argv.length);
  const before = argv.slice(0, token?.index ?? at);
  return { before, word: argv[at], after: argv.slice(at + 1) };
}

/** Splits off the arguments that `tq run` passes to its program unread. */
function splitPassedOn(argv: readonly string[], command: Command) {
  const first = tokenize(argv, command.flags).find(({ kind }) => kind === "positional");
  if (!command.passesOn || first === undefined) return { own: argv, passedOn: [] };
  return { own: argv.slice(0, first.index + 1), passedOn: argv.slice(first.index + 1) };
}

type Token = ReturnType<typeof tokenize>[number];

function tokenize(args: readonly string[], flags: Flags) {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.type === "positional") continue;
    // A flag with `bare` may stand without its value.
    const type = flag.bare === undefined ? flag.type : "boolean";
    const aliases = aliasesOf(flag);
    const short = aliases.find((alias) => alias.length === 1);
    options[name] = short === undefined ? { type } : { type, short };
    for (const alias of aliases) if (alias.length > 1) options[alias] = { type };
  }
  return parseArgs({ args, options, strict: false, tokens: true, allowPositionals: true }).tokens;
}

function positionalValues(token: Token): string[] {
  return token.kind === "positional" ? [token.value] : [];
}

/**
 * The given flags by their own names, never an alias; true for a flag without a value.
 *
 * @param of the command as the user writes it: `tq push`, or `tq` for the flags before its name
 * @param front the flags that stood before the command's name
 */
function readFlags(
  tokens: readonly Token[],
  flags: Flags,
  of: string,
  front: ReadonlyMap<string, string | true> = new Map(),
): Map<string, string | true> {
  const given = new Map(front);
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const [name, flag] = findFlag(token, flags, of);
    const value = valueOf(token, flag);
    const earlier = given.get(name);
    if (!flag.multiple && earlier !== undefined && earlier !== value) {
      throw invalid(`${token.rawName} is given twice, as ${earlier} and ${value}: leave one out`);
    }
    given.set(name, flag.multiple && earlier !== undefined ? `${earlier},${value}` : value);
  }
  return given;
}

function findFlag(
  { name, rawName: raw, value }: Extract<Token, { kind: "option" }>,
  flags: Flags,
  of: string,
): [string, Flag] {
  for (const [key, flag] of Object.entries(flags)) {
    if (flag.type !== "positional" && (key === name || aliasesOf(flag).includes(name)))
      return [key, flag];
  }
  const known = Object.keys(flags).filter((key) => flags[key]?.type !== "positional");
  const near = nameHint(
    `--${name}`,
    known.map((key) => `--${key}`),
    value,
    (key) => `--${fieldOf(key).replaceAll("_", "-")}`,
  );
  const hint =
    near ||
    (flags === COMMON_FLAGS ? "; put the flags of a command after its name" : `; see ${of} --help`);
  throw invalid(`Unknown flag "${raw}"${hint}`);
}

function valueOf(token: Extract<Token, { kind: "option" }>, flag: Flag): string | true {
  const { rawName: raw, value, inlineValue } = token;
  if (flag.type === "boolean") {
    if (value !== undefined)
      throw invalid(`${raw} takes no value: leave out ${JSON.stringify(`=${value}`)}`);
    return true;
  }
  if (flag.bare !== undefined && value === undefined) return flag.bare;
  // Node reads `-n=4` as `-n` with the value "=4".
  const text = raw.startsWith("--") ? value : value?.replace(/^=/, "");
  // Without an equals sign a text like `--json` is the next flag, and `-` and `-5` are values.
  if (text === undefined || text === "" || (!inlineValue && /^-[^\d]/.test(text))) {
    throw invalid(`${raw} needs a value: ${raw} ${flag.valueHint ?? "VALUE"}`);
  }
  return text;
}

function plainFlag([name, value]: [name: string, value: string | true]): string {
  return value === true ? `--${name}` : `--${name}=${value}`;
}

async function findCommand(
  word: string,
  commands: Commands,
  group: CommandGroup | null,
): Promise<Command | CommandGroup> {
  const load = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (load !== undefined) return load();
  const unknown = `Unknown command ${JSON.stringify(word)}`;
  if (group !== null) {
    const near = didYouMean(word, Object.keys(commands)) || `; tq ${group.name} --help lists them`;
    throw invalid(`${unknown} of tq ${group.name}${near}`);
  }
  if (isProgram(word)) {
    throw invalid(
      `${unknown}: tq run ${printable(word)} runs the program; child_process.fork takes { execArgv: ["run"] }`,
    );
  }
  const near = didYouMean(word, Object.keys(commands)) || "; tq --help lists them";
  throw invalid(`${unknown}${near}`);
}

async function findVersion(commands: Commands): Promise<Command> {
  const version = await findCommand("version", commands, null);
  if (!isGroup(version)) return version;
  throw new Error("tq version is no command");
}

/** True for the path of a program: Bun, and code that starts a child by process.execPath, take one without a command. */
function isProgram(word: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(word);
}

async function commandToExplain(
  words: readonly string[],
  commands: Commands,
  group: CommandGroup | null,
): Promise<Command | CommandGroup | null> {
  const [word, ...rest] = words.filter((text) => !text.startsWith("-"));
  if (word === undefined) return group;
  const command = await findCommand(word, commands, group);
  return isGroup(command) ? commandToExplain(rest, command.commands, command) : command;
}

function checkPositionals(
  given: readonly string[],
  command: Command,
  flags: ReadonlyMap<string, string | true>,
): void {
  const wanted = Object.entries(command.flags).filter(([, flag]) => flag.type === "positional");
  const missing = wanted.find(([, flag], at) => flag.required !== false && at >= given.length);
  if (missing !== undefined) throw missingArgument(command, missing[0]);
  const empty = wanted.find(([, flag], at) => flag.isPath === true && given[at] === "");
  if (empty !== undefined) {
    throw invalid(
      `${empty[0].toUpperCase()} is empty: name a path, or set the variable that it comes from`,
    );
  }
  const extra = given[wanted.length];
  if (extra === undefined || command.many || command.passesOn) return;
  const hint = equalsSignHint(command, flags) ?? usage(command);
  throw invalid(`Unexpected argument ${JSON.stringify(extra)}: ${hint}`);
}

/** @param name of a positional argument of the command. */
export function missingArgument(command: Command, name: string, words = usage(command)): TqError {
  const description = command.flags[name]?.description ?? "";
  const meaning = description.charAt(0).toLowerCase() + description.slice(1);
  return invalid(`${name.toUpperCase()} is missing (${meaning}): ${words}`);
}

/** The hint for the value of a flag that was given bare: it was read as an argument. */
function equalsSignHint(
  { flags }: Command,
  given: ReadonlyMap<string, string | true>,
): string | undefined {
  for (const [name, { bare, valueHint = "VALUE" }] of Object.entries(flags)) {
    if (bare === undefined || given.get(name) !== bare) continue;
    return `a value of --${name} needs an equals sign: --${name}=${valueHint}`;
  }
  return undefined;
}

/** @example usage(show) // "tq show [flags] ID" */
function usage(command: Command): string {
  return usages(command).join(", or ");
}

/** The usage of each form that the arguments of the command have. */
export function usages(command: Command): string[] {
  const forms = command.forms ?? [formOf(command)];
  return forms.map((form) => `tq ${command.name} [flags] ${form}`.trimEnd());
}

function formOf(command: Command): string {
  const names = Object.entries(command.flags)
    .filter(([, flag]) => flag.type === "positional")
    .map(([name, flag]) =>
      flag.required === false ? `[${name.toUpperCase()}]` : name.toUpperCase(),
    );
  const more = command.passesOn ? " [ARGUMENT]..." : command.many ? "..." : "";
  return names.join(" ") + more;
}

function invalid(message: string): TqError {
  return new TqError("invalid", message);
}
