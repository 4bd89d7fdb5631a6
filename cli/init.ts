/** `tq init`: writes the files of a new project into the current folder. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { TqError } from "../src/errors.ts";
import { giveOwner, ownerWords } from "../src/file-owner.ts";
import { STARTER } from "./starter/files.ts";
import { command } from "./command/command.ts";
import type { Program } from "./command/program.ts";

interface StarterFile {
  readonly file: string;
  readonly written: boolean;
}

export const init = command({
  name: "init",
  description: "Start a project in the current folder: settings, models, types for the editor",
  flags: {},
  run: async (_values, program) => {
    const files: StarterFile[] = [];
    for (const [file, text] of Object.entries(STARTER)) {
      files.push({ file, written: !isTaken(file) && write(file, await text()) });
    }
    report(files, program);
  },
});

/** True where the file must not be written; beside a folder `models`, a models.ts would hide the models in it. */
function isTaken(file: string): boolean {
  return existsSync(file) || (file === "models.ts" && existsSync("models"));
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

function report(files: readonly StarterFile[], program: Program): void {
  if (program.quiet && !program.json) return;
  program.answer(files, () =>
    files
      .map(({ file, written }) => (written ? `written  ${file}` : `left     ${file}: ${why(file)}`))
      .join("\n"),
  );
}

function why(file: string): string {
  return existsSync(file) ? "it exists" : "it would hide the folder models";
}
