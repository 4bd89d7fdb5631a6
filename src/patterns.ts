/** Patterns of names: of queues, and of the methods in tq.toml. */

export function isPattern(text: string): boolean {
  return text.includes("*") || text.includes("?");
}

const compiled = new Map<string, RegExp>();

/** `*` matches any run of characters, `?` matches one, every other character itself. */
export function matches(pattern: string, name: string): boolean {
  if (!isPattern(pattern)) return pattern === name;
  let regexp = compiled.get(pattern);
  if (!regexp) compiled.set(pattern, (regexp = toRegExp(pattern)));
  return regexp.test(name);
}

/**
 * Each part between two stars is taken where it comes first, and the lookahead keeps the expression from trying the
 * later places: otherwise a pattern of many stars would take for ever with a long name.
 */
function toRegExp(pattern: string): RegExp {
  const [first = "", ...others] = pattern
    .split(/\*+/)
    .map((part) => RegExp.escape(part).replaceAll("\\?", "."));
  const last = others.pop();
  const between = others.map((part, index) => `(?=(.*?${part}))\\${index + 1}`).join("");
  return new RegExp(`^${first}${between}${last === undefined ? "" : `.*${last}`}$`, "su");
}
