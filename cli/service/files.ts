/** The files that define services. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cannotWriteFile, replaceFile } from "../../src/whole-file.ts";
import { refusalOf } from "../../src/write-refusal.ts";

/** Stands in the first lines of each file that tq makes: it changes and removes no other. */
export const MADE_BY = "Made by tq service install, and taken away by tq service remove.";

/** Null where there is none. @throws TqError "invalid" where it cannot be read. */
export function readDefinition(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw refusalOf(`Cannot read ${file}`, file, error);
  }
}

export function isMadeByTq(file: string): boolean {
  try {
    return isOfTq(readFileSync(file, "utf8"));
  } catch {
    return false; // it is gone, or a link that leads nowhere, as that of a masked unit may be
  }
}

/** @param text of a definition */
export function isOfTq(text: string): boolean {
  return text.includes(MADE_BY);
}

/** The names of the services in this folder that tq has made. @param end of the files' names: `.service` */
export function madeByTq(folder: string, end: string): string[] {
  const names = filesIn(folder).filter((name) => name.startsWith("tq-") && name.endsWith(end));
  return names.filter((name) => isMadeByTq(join(folder, name))).map((name) => basename(name, end));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return []; // it is not there yet
  }
}

/** Other programs see all of it or nothing. @throws TqError "invalid" or "full" */
export function writeDefinition(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    replaceFile(file, text, { mode: 0o644 });
  } catch (error) {
    throw cannotWriteFile(file, error);
  }
}

/** @throws TqError "invalid" */
export function removeDefinition(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    throw refusalOf(`Cannot remove ${file}`, file, error);
  }
}
