/** Patterns as SQLite's GLOB takes them: its own LIKE knows upper and lower case of ASCII only. */

/** A pattern of names, or a name: a bracket is itself. */
export function namesGlob(pattern: string): string {
  return pattern.replaceAll("[", "[[]");
}

/** The pattern of names that `namesGlob` was given. */
export function ofNamesGlob(glob: string): string {
  return glob.replaceAll("[[]", "[");
}

/** The pattern of a `like`. @param pattern with `%` for any characters, `_` for one, and a backslash before one of these that is meant itself */
export function toGlob(pattern: string): string {
  return pattern.replace(/\\?[^]/gu, (part) => {
    if (part === "%") return "*";
    if (part === "_") return "?";
    return /^\\[%_\\]$/.test(part) ? literal(part.slice(1)) : Array.from(part, literal).join("");
  });
}

/** The character itself, in upper or lower case. */
function literal(character: string): string {
  if ("*?[".includes(character)) return `[${character}]`;
  const cases = [character, character.toLowerCase(), character.toUpperCase()];
  const single = new Set(cases.filter((one) => one.length === character.length));
  return single.size === 1 ? character : `[${[...single].join("")}]`;
}
