/** Patterns as PostgreSQL takes them, with the meaning that they have everywhere in tq. */

/** A pattern of names, for LIKE: `*` stands for any characters, `?` for one, every other character for itself. */
export function namesLike(pattern: string): string {
  return pattern
    .replace(/[\\%_]/g, String.raw`\$&`)
    .replaceAll("*", "%")
    .replaceAll("?", "_");
}

/** The pattern that `namesLike` was given. */
export function ofNamesLike(like: string): string {
  return like.replace(/\\[^]|[%_]/g, (part) => {
    if (part === "%") return "*";
    return part === "_" ? "?" : part.slice(1);
  });
}

/**
 * A regular expression for text that contains this one, whatever its case: ILIKE goes by the locale of the database, which
 * may know none but ASCII letters.
 */
export function containing(text: string): string {
  return Array.from(text, eitherCase).join("");
}

/** The character itself, in upper or lower case. */
export function eitherCase(character: string): string {
  const cases = [character, character.toLowerCase(), character.toUpperCase()];
  const single = new Set(cases.filter((one) => one.length === character.length));
  if (single.size > 1) return `[${[...single].join("")}]`;
  return /^[!-/:-@[-`{-~]$/.test(character) ? `\\${character}` : character;
}
