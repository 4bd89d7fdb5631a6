/** Text of which nothing can end a line, move the cursor of a terminal, change colours or hide. */

/** Controls, separators of lines and paragraphs, and what turns the direction of a text around. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * One line of printable text: what could act on the terminal is written out, as in `\n` and `\x1b`.
 *
 * @example printable("a\x1b[2J") // "a\\x1b[2J"
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => NAMED[character] ?? written(character.charCodeAt(0)));
}

/** JSON in which everything that could act on a terminal is escaped, but the ends of its lines; it means the same. */
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
