/** Stacks of errors as users read them: their own lines, without those of tq around them. */

const FRAME = /^\s+at (?:async )?(?:(.*) \()?(.+?):(\d+):(\d+)\)?$/;

/** Stands before a file of tq's own in a stack that was made for users. */
const NAMED = "tq:";

/** Where tq's own files are: a folder, or a relative one inside an executable; null where that cannot be told. */
const OWN = ownFolders(new Error("where am I").stack ?? "");

/** @param stack of an error that this file made. */
function ownFolders(stack: string): readonly string[] | null {
  const here = stack
    .split("\n")
    .map(fileOf)
    .find((file) => file !== null);
  const root = here && /^(.*)src[\\/]stack\.ts$/.exec(here)?.[1];
  return root === undefined || root === null ? null : [`${root}src`, `${root}cli`];
}

/** The file of a frame; null for a line of the message and for native code. */
function fileOf(line: string): string | null {
  const file = FRAME.exec(line)?.[2];
  return file === undefined || /^(?:native|unknown|bun:.*|node:.*)$/.test(file) ? null : file;
}

function isOwn(file: string): boolean {
  if (file.startsWith(NAMED)) return true;
  return (
    OWN?.some((folder) => file.startsWith(folder) && /^[\\/]/.test(file.slice(folder.length))) ??
    false
  );
}

function isUsers(line: string): boolean {
  const file = fileOf(line);
  return file !== null && !isOwn(file);
}

/**
 * The stack up to the last line of the user's: below it are the frames of tq that called it. A stack without such a
 * line stays whole.
 *
 * @param onlyUsers true for an error that tq threw on purpose: its own frames above are left out too.
 */
export function userStack(stack: string, onlyUsers: boolean): string {
  const lines = stack.split("\n");
  const last = lines.findLastIndex(isUsers);
  if (last === -1) return stack;
  const first = lines.findIndex((line) => FRAME.test(line) || /^\s+at .*\(unknown\)$/.test(line));
  const head = lines.slice(0, first);
  const frames = lines.slice(first, last + 1);
  const kept = onlyUsers ? frames.filter(isUsers) : frames.map(named);
  return [...head, ...kept].join("\n");
}

/** Inside an executable tq's files would look like those of the user's own `src`. */
function named(line: string): string {
  const file = fileOf(line);
  if (file === null || !isOwn(file) || /^(?:[\\/]|[A-Z]:|tq:)/.test(file)) return line;
  return line.replace(file, `${NAMED}${file}`);
}

/** The line of the user's code where an error was made, `file:line:column`; null where its stack has none. */
export function placeOf(stack: string | null | undefined): string | null {
  const lines = (stack ?? "").split("\n").filter(isUsers);
  const line = lines.find((text) => !text.includes("node_modules")) ?? lines[0];
  const [, , file, row, column] = (line && FRAME.exec(line)) || [];
  return file === undefined ? null : `${file}:${row}:${column}`;
}
