/** Command lines as programs of Windows read them. */

export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/** Backslashes count only before a quote. */
function quoted(text: string): string {
  if (/^[^\s"]+$/.test(text)) return text;
  return `"${text.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, "$1$1")}"`;
}
