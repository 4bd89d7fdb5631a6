/** `tq init`: writes the files of a new project into a folder. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { isTqError, TqError } from "../src/errors.ts";
import { pathInShell } from "../src/in-shell.ts";
import { giveOwner } from "../src/file-owner.ts";
import { readSettingsFile } from "../src/settings/file.ts";
import { cannotWriteFile, createFile } from "../src/whole-file.ts";
import { command } from "./command/command.ts";
import type { Program } from "./command/program.ts";
import { DEFAULT_STARTER, missingIgnores, STARTERS, starterFiles } from "./starter/files.ts";
import type { Starter } from "./starter/starter.ts";

interface StarterFile {
  readonly file: string;
  /** Why it was not written; null: it was. */
  readonly left: string | null;
  /** The lines that it has got; absent: it is new, or was left. */
  readonly added?: readonly string[];
}

/** The models of a new project; a tq.toml that is there already may name others. */
const MODELS = "models.ts";

const IGNORES = ".gitignore";

const EXISTS = "it exists";

export const init = command({
  name: "init",
  description: "Start a project: settings, models, types for the editor",
  examples: [["tq init shop --starter functions", "A project in the folder shop"]],
  flags: {
    folder: {
      type: "positional",
      isPath: true,
      required: false,
      description: "The folder for the files, made where it is missing (default: the current one)",
    },
    starter: {
      type: "string",
      valueHint: Object.keys(STARTERS).join("|"),
      description: `The models to begin with: ${starterWords()} (default: ${DEFAULT_STARTER})`,
    },
  },
  run: async ({ folder = "", starter: asked }, program) => {
    const name = asked ?? DEFAULT_STARTER;
    const starter = starterOf(name);
    const models = modelsSaid(folder);
    const files: StarterFile[] = [];
    const own = ownModels(folder, models);
    for (const [file, text] of Object.entries(starterFiles(starter, models ?? MODELS, own))) {
      const left = file === models ? whyNotThere(folder, file) : whyNot(join(folder, file));
      try {
        files.push(make(join(folder, file), left, await text()));
      } catch (error) {
        throw isTqError(error) ? withMade(error, files) : error;
      }
    }
    const path = join(folder, models ?? MODELS);
    const isNew = files.some(({ file, left }) => file === path && left === null);
    const isStarter = isNew || hasText(path, starter.models);
    const next = nextSteps(folder, isStarter ? starter.push : null);
    report(files, isStarter || isThere(folder, own) ? next : null, program);
    if (isStarter || asked === undefined) return;
    const there = own === null ? path : join(folder, own);
    program.note(
      `The starter ${name} was not made: ${there} has models already; run tq init --starter ${name} in another folder`,
    );
  },
});

/** @param left why the file must not be written; null: it is to be */
function make(path: string, left: string | null, text: string): StarterFile {
  const added = basename(path) === IGNORES ? addIgnores(path) : [];
  if (added.length > 0) return { file: path, left: null, added };
  if (left === null && write(path, text)) return { file: path, left };
  return { file: path, left: left ?? EXISTS };
}

/** A disk may be full after some of the files. */
function withMade({ code, message, cause }: TqError, files: readonly StarterFile[]): TqError {
  const made = files.filter(({ left }) => left === null).map(({ file }) => file);
  if (made.length === 0) return new TqError(code, message, { cause });
  const words = `${message}; written before that: ${made.join(", ")}`;
  return new TqError(code, words, { cause });
}

function starterWords(): string {
  const words = Object.entries(STARTERS).map(([name, { purpose }]) => `${name} (${purpose})`);
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** @throws TqError `invalid` */
function starterOf(name: string): Starter {
  const starter = Object.hasOwn(STARTERS, name) ? STARTERS[name] : undefined;
  if (starter) return starter;
  const names = Object.keys(STARTERS).join(", ");
  throw new TqError("invalid", `--starter cannot be "${name}": it is one of ${names}`);
}

/** The path of the models, from this folder, where a tq.toml in it says one; null: none does, or it cannot be read. */
function modelsSaid(folder: string): string | null {
  try {
    const content: { models?: unknown } = readSettingsFile(resolve(folder), null)?.content ?? {};
    if (typeof content.models !== "string") return null;
    return relative(resolve(folder), resolve(folder, content.models));
  } catch (error) {
    if (isTqError(error)) return null;
    throw error;
  }
}

/** The path of the models that are there, or that tq.toml names and that `tq init` does not write; null: none are. */
function ownModels(folder: string, said: string | null): string | null {
  if (said !== null) return whyNotThere(folder, said) === null ? null : said;
  const there = (path: string) => existsSync(join(folder, path));
  return [MODELS, "models/", "models.js"].find(there) ?? null;
}

/** Adds to a .gitignore that is there the lines that it lacks. @returns these; none where there is no such file */
function addIgnores(path: string): readonly string[] {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return [];
    const { lines, added } = missingIgnores(readFileSync(path, "utf8"));
    if (lines.length > 0) appendFileSync(path, added);
    return lines;
  } catch (cause) {
    throw cannotWriteFile(path, cause);
  }
}

/** Why the models that tq.toml names are not written; null: they are. */
function whyNotThere(folder: string, models: string): string | null {
  if (existsSync(join(folder, models))) return EXISTS;
  const isInside = models !== "" && !isAbsolute(models) && !models.startsWith("..");
  if (isInside && /\.m?ts$/.test(models)) return null;
  return "tq.toml names it as the models, and tq init writes a file .ts in the project's folder";
}

/** Why a file must not be written; beside a folder `models` or a models.js, a models.ts would hide those. */
function whyNot(file: string): string | null {
  if (existsSync(file)) return EXISTS;
  if (basename(file) !== MODELS) return null;
  const hidden = ["models", "models.js"].find((name) => existsSync(join(dirname(file), name)));
  if (hidden === undefined) return null;
  return `it would hide ${hidden === "models" ? "the folder models" : hidden}`;
}

/** Never overwrites a file. @returns false when another process made the file first */
function write(file: string, text: string): boolean {
  const path = resolve(file);
  const parent = dirname(path);
  try {
    const made = mkdirSync(parent, { recursive: true }); // the topmost folder that was missing
    if (made !== undefined) giveOwner(made, dirname(made));
    createFile(path, text);
    return true;
  } catch (cause) {
    if (existsSync(path)) return false;
    throw cannotWriteFile(path, cause);
  }
}

/** @param next the command line to go on with; null: there are no models yet */
function report(files: readonly StarterFile[], next: string | null, program: Program): void {
  if (program.quiet && !program.json) return;
  const data = files.map(({ file, left, added }) => ({ file, written: left === null, added }));
  program.answer(data, () => {
    const lines = files.map(({ file, left, added }) => {
      if (added !== undefined) return `added    ${file}: ${added.join(", ")}`;
      return left === null ? `written  ${file}` : `left     ${file}: ${left}`;
    });
    if (next !== null) lines.push(`next: ${next}`);
    return lines.join("\n");
  });
}

/** The command line that runs tasks. @param push the one that pushes a first task; null: none is known */
function nextSteps(folder: string, push: string | null): string {
  const path = relative("", folder);
  const enter = path === "" ? [] : [`cd ${pathInShell(path)}`];
  return [...enter, ...(push === null ? [] : [push]), "tq worker"].join(" && ");
}

function isThere(folder: string, models: string | null): boolean {
  return models !== null && existsSync(join(folder, models));
}

function hasText(path: string, text: string): boolean {
  try {
    return readFileSync(path, "utf8") === text;
  } catch {
    return false;
  }
}
