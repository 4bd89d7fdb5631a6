/** Texts in the files of systemd: `man 5 systemd.service`, "Command lines", and `man 5 systemd.syntax`. */

/** A value that systemd does not divide into words. */
export function plain(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A word of a list. */
export function word(text: string): string {
  const escaped = plain(text).replaceAll(/[\\"]/g, String.raw`\$&`);
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** A command: after the first word systemd would put variables in the place of dollar signs. */
export function commandLine([program = "", ...args]: readonly string[]): string {
  return [word(program), ...args.map((arg) => word(arg.replaceAll("$", "$$$$")))].join(" ");
}

/** The words of a command that `commandLine` has written. */
export function readCommandLine(line: string): string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const [program = "", ...args] = words.map((text) => {
    const inner = text.startsWith('"') ? text.slice(1, -1) : text;
    return inner.replaceAll(/\\(.)/g, "$1").replaceAll("%%", "%");
  });
  return [program, ...args.map((arg) => arg.replaceAll("$$", "$"))];
}
