/** Finds the files of models: the file itself, or every TypeScript or JavaScript file of a folder. */
import { lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { TqError } from "../errors.ts";
import { ownerWords } from "../file-owner.ts";
import { openFilesWords } from "../open-files.ts";
import { isInExecutable } from "./executable.ts";

const EXTENSIONS = /\.(?:ts|tsx|mts|cts|js|jsx|mjs|cjs)$/;
const NOT_MODELS = /(?:\.d\.[mc]?ts|\.(?:test|spec)\.[a-z]+)$/;

/**
 * The files of models at this path: of a folder also those of its subfolders, but not of `node_modules`, nor tests, nor
 * files that begin with a dot.
 *
 * @throws TqError "models" where there is none, or it cannot be read.
 */
export function modelFiles(path: string): string[] {
  if (isInExecutable(path)) return [path];
  let files: string[];
  try {
    const stat = statSync(path);
    if (stat.isFile()) return [path];
    if (!stat.isDirectory()) throw new Error("it is not a regular file");
    files = filesBelow(path).sort();
  } catch (error) {
    const { code, path: failed } = error as { code?: string; path?: string };
    const subject = failed === path ? "it" : `${failed}, a link,`;
    const reason =
      code === "ENOENT"
        ? `${subject} does not exist`
        : `${(error as Error).message}${ownerWords(failed ?? path)}`;
    const advice = "write the file, or name another with --models";
    throw new TqError(
      "models",
      `Cannot load models from ${path}: ${openFilesWords(error) ?? `${reason}; ${advice}`}`,
    );
  }
  if (files.length > 0) return files;
  throw new TqError(
    "models",
    `Cannot load models from ${path}: the folder has no .ts or .js file; write one, or name another folder with --models`,
  );
}

/** Follows links to folders, but each folder once, and never up. @param seen the real paths of the folders so far */
function filesBelow(folder: string, seen: string[] = []): string[] {
  const real = realpathSync(folder);
  if (seen.some((path) => path === real || path.startsWith(join(real, sep)))) return [];
  seen.push(real);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (isPassedOver(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.name.includes("\uFFFD")) {
      throw new Error(`the name of ${path} is not UTF-8, or has a U+FFFD: rename it`);
    }
    const stat = entry.isSymbolicLink() ? statSync(path) : entry;
    if (stat.isDirectory()) return filesBelow(path, seen);
    if (!EXTENSIONS.test(entry.name) || NOT_MODELS.test(entry.name)) return [];
    if (!stat.isFile()) throw new Error(`${path} is not a regular file`); // a pipe would keep its reader waiting
    return [path];
  });
}

/** The path, and where it is a folder those below it, each once: files of models come and go there. */
export function foldersAt(path: string, seen: string[] = []): string[] {
  const real = realFile(path);
  if (seen.includes(real)) return [];
  seen.push(real);
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    const below = entries.filter((entry) => !entry.isFile() && !isPassedOver(entry.name));
    return [path, ...below.flatMap(({ name }) => foldersAt(join(path, name), seen))];
  } catch {
    return [path]; // a file, or gone
  }
}

function isPassedOver(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

/** The file behind a link, or the file itself where it is none or is gone. */
export function realFile(file: string): string {
  if (isInExecutable(file)) return file;
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

export function isLink(file: string): boolean {
  try {
    return lstatSync(file).isSymbolicLink();
  } catch {
    return false; // it is gone
  }
}
