/** Text that cannot end a line, move the cursor of a terminal, change its colours or hide a part of itself. */

/** Control characters, separators of lines and paragraphs, and marks that turn the direction of a text around. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * One line of printable text: characters that could act on the terminal are written out, as `\n` and `\x1b`.
 *
 * @example printable("a\x1b[2J") // "a\\x1b[2J"
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => NAMED[character] ?? written(character.charCodeAt(0)));
}

/** A sentence whose list keeps its lines, which are indented: no other text can pass for a line of its own. */
export function printableSentence(text: string): string {
  return text
    .split(/\n(?= {2})/)
    .map(printable)
    .join("\n");
}

/** JSON that means the same, with characters escaped that could act on a terminal, except for the ends of its lines. */
export function printableJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? "null").replace(UNSAFE, (character) =>
    character === "\n" ? character : `\\u${hex(character.charCodeAt(0), 4)}`,
  );
}

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function written(code: number): string {
  return code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
