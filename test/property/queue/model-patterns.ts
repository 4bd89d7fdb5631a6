/** Patterns of queues, in the model of a queue. */
export function isWanted(patterns: readonly string[], queue: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matches(pattern, queue));
}

/** `*` is any run of characters, `?` is one. */
function matches(pattern: string, name: string): boolean {
  const [head, rest] = [pattern[0], pattern.slice(1)];
  if (head === undefined) return name === "";
  if (head === "*") return matches(rest, name) || (name !== "" && matches(pattern, name.slice(1)));
  return name !== "" && (head === "?" || head === name[0]) && matches(rest, name.slice(1));
}
