/** Finds words for the end of an unfinished command line: from the commands, the models and the database. */
import { TASK_STATES } from "../../src/task.ts";
import { type Commands, isGroup, loadAll } from "../command/command.ts";
import { aliasesOf, type Flag, type Flags } from "../command/flags.ts";
import { namesOf } from "./names.ts";
import { type Line, type Place, placeOf } from "./place.ts";

/** @param about says in a few words what it is; some shells show that. */
export type Candidate = readonly [word: string, about: string];

/** The shell completes the names of files and folders itself. */
export type Completion =
  | { readonly kind: "files" | "folders" }
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] };

const NONE: Completion = { kind: "words", candidates: [] };

/** @param words of the command line behind `tq`, up to the unfinished one */
export async function complete(words: readonly string[], commands: Commands): Promise<Completion> {
  const line = await placeOf(words, commands);
  const { place, word, before } = line;
  const found = place === null ? NONE : await findAt(place, line);
  if (found.kind !== "words") return found;
  const isMultiple = place?.at === "value" && place.flag.multiple === true;
  const chosen = isMultiple ? word.split(",").slice(0, -1) : [];
  const start = before + chosen.map((text) => `${text},`).join("");
  const rest = (before + word).slice(start.length);
  const fitting = found.candidates.filter(
    ([text]) => text.startsWith(rest) && isPlain(text) && !chosen.includes(text),
  );
  return { kind: "words", candidates: fitting.map(([text, about]) => [start + text, about]) };
}

/** False for names that would break the lines of the answer, or act on the terminal. */
function isPlain(text: string): boolean {
  return text !== "" && !/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text);
}

async function findAt(place: Place, line: Line): Promise<Completion> {
  switch (place.at) {
    case "command":
      return words(await commandsOf(place.commands));
    case "flag":
      return words(flagsOf(place.flags, line));
    case "program":
      return { kind: "files" };
    case "value":
      return valuesOf(place.flag.valueHint ?? "", place.command?.name ?? "", line);
    case "argument": {
      const hint = place.command.flags[place.name]?.valueHint ?? place.name.toUpperCase();
      return valuesOf(hint, place.command.name, line);
    }
  }
}

function words(candidates: readonly Candidate[]): Completion {
  return { kind: "words", candidates };
}

async function commandsOf(commands: Commands): Promise<Candidate[]> {
  const entries = await loadAll(commands);
  return entries.map((entry) => {
    const word = isGroup(entry) ? entry.name : entry.name.split(" ").at(-1);
    return [word ?? "", entry.description];
  });
}

/** Those that may still be given; their other names too, once they are begun. */
function flagsOf(flags: Flags, { given, word }: Line): Candidate[] {
  return Object.entries(flags).flatMap(([name, flag]) => {
    if (flag.type === "positional" || (given.has(name) && flag.multiple !== true)) return [];
    const others = word.length > 2 ? longAliases(flag) : [];
    return [name, ...others].map((one): Candidate => [`--${one}`, flag.description]);
  });
}

function longAliases(flag: Flag): string[] {
  return aliasesOf(flag).filter((alias) => alias.length > 1);
}

/** @param hint that of a flag, or of a positional argument */
async function valuesOf(hint: string, command: string, line: Line): Promise<Completion> {
  switch (hint) {
    case "FILE":
    case "FILE|URL":
      return { kind: "files" };
    case "FOLDER":
    case "DIR":
      return { kind: "folders" };
    case "STATE":
      return words(TASK_STATES.map((state) => [state, ""]));
    case "QUEUE":
    case "MODEL":
    case "METHOD":
    case "CALL":
    case "MODEL.METHOD":
    case "RECURRING":
    case "TOKEN":
    case "ID":
      return words(await namesOf(hint, command, line));
    default:
      return words(hint.includes("|") || /^[a-z]+$/.test(hint) ? wordsOf(hint) : []);
  }
}

/** `once|skip|all`; of `hour|day|TIME` only those that mean themselves. */
function wordsOf(hint: string): Candidate[] {
  return hint.split("|").flatMap((word) => (/^[a-z]+$/.test(word) ? [[word, ""] as const] : []));
}
