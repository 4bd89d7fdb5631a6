/** The language of manual pages, as man(7) of groff and of mandoc both take it. */

/** Text in which nothing is read as a request or an escape. */
export function plain(text: string): string {
  return text
    .replaceAll("\\", String.raw`\e`)
    .replaceAll("-", String.raw`\-`) // otherwise a hyphen, which cannot be copied into a shell
    .replaceAll("'", String.raw`\(aq`)
    .replaceAll("`", String.raw`\(ga`)
    .replaceAll("^", String.raw`\(ha`)
    .replaceAll("~", String.raw`\(ti`)
    .replace(/[^\0-\x7f]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
      return `\\[u${code.padStart(4, "0")}]`;
    });
}

/** Lines of the file are no longer, as mandoc wants it; the reader's terminal decides where lines end. */
const LINE_LENGTH = 78;

/** Prose, of which no line is read as a request. */
export function prose(text: string): string {
  const lines: string[] = [];
  for (const word of plain(text).split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= LINE_LENGTH) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word.startsWith(".") ? `\\&${word}` : word);
  }
  return lines.join("\n");
}

export function bold(text: string): string {
  return `\\fB${plain(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${plain(text)}\\fR`;
}

/** The argument of a macro. */
function quoted(text: string): string {
  return `"${plain(text).replaceAll('"', String.raw`\(dq`)}"`;
}

export function title(name: string, section: number, date: string, source: string): string {
  return `.TH ${quoted(name)} ${section} "${date}" ${quoted(source)} "User Commands"`;
}

export function section(name: string): string {
  return `.SH ${quoted(name)}`;
}

export function subsection(name: string): string {
  return `.SS ${quoted(name)}`;
}

export const PARAGRAPH = ".PP";

/** @param label and @param text as the functions above make them. */
export function entry(label: string, text: string): string {
  return `.TP\n${label}\n${text}`;
}

/** Lines as they are, as of a session in a shell. */
export function example(lines: readonly string[]): string {
  return [".PP", ".RS 4", ".nf", ...lines.map(plain), ".fi", ".RE"].join("\n");
}
