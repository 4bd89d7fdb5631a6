/** `tq init`: writes the files of a new project into a folder. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { TqError } from "../src/errors.ts";
import { giveOwner, ownerWords } from "../src/file-owner.ts";
import { command } from "./command/command.ts";
import type { Program } from "./command/program.ts";
import { DEFAULT_STARTER, STARTERS, starterFiles } from "./starter/files.ts";
import type { Starter } from "./starter/starter.ts";

interface StarterFile {
  readonly file: string;
  readonly written: boolean;
}

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
  run: async ({ folder = "", starter: name = DEFAULT_STARTER }, program) => {
    const starter = starterOf(name);
    const files: StarterFile[] = [];
    for (const [file, text] of Object.entries(starterFiles(starter))) {
      const path = join(folder, file);
      files.push({ file: path, written: !isTaken(path) && write(path, await text()) });
    }
    report(files, starter, program);
  },
});

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

/** True where the file must not be written; beside a folder `models` or a models.js, a models.ts would hide those. */
function isTaken(file: string): boolean {
  return existsSync(file) || (isModels(file) && hiddenBy(file) !== undefined);
}

function hiddenBy(file: string): string | undefined {
  return ["models", "models.js"].find((name) => existsSync(join(dirname(file), name)));
}

function isModels(file: string): boolean {
  return basename(file) === "models.ts";
}

/** Never overwrites a file. @returns false when another process made the file first */
function write(file: string, text: string): boolean {
  const path = resolve(file);
  const parent = dirname(path);
  try {
    const made = mkdirSync(parent, { recursive: true }); // the topmost folder that was missing
    if (made !== undefined) giveOwner(made, dirname(made));
    writeFileSync(path, text, { flag: "wx" });
    giveOwner(path, parent);
    return true;
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (exists && existsSync(path)) return false;
    const why = exists
      ? `${parent} is not a folder; rename it, and run tq init again`
      : cause instanceof Error
        ? `${cause.message}${ownerWords(parent)}`
        : String(cause);
    throw new TqError("invalid", `Cannot write ${path}: ${why}`, { cause });
  }
}

function report(files: readonly StarterFile[], starter: Starter, program: Program): void {
  if (program.quiet && !program.json) return;
  program.answer(files, () => {
    const lines = files.map(({ file, written }) =>
      written ? `written  ${file}` : `left     ${file}: ${why(file)}`,
    );
    const models = files.find(({ file, written }) => written && isModels(file));
    if (models) lines.push(`next: ${firstSteps(dirname(models.file), starter)}`);
    return lines.join("\n");
  });
}

/** The command line that pushes a first task and runs it. */
function firstSteps(folder: string, { push }: Starter): string {
  const path = relative("", folder);
  const word = /^[\w./:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
  return [...(path === "" ? [] : [`cd ${word}`]), push, "tq worker"].join(" && ");
}

function why(file: string): string {
  if (existsSync(file)) return "it exists";
  return `it would hide ${hiddenBy(file) === "models" ? "the folder models" : "models.js"}`;
}
