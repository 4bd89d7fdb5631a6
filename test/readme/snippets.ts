/** The snippets of the documents, and the commands of a session with what they say. */
import { DOCUMENTS, read } from "./documents.ts";

export interface Snippet {
  /** `docs/sql.md` */
  readonly document: string;
  /** `docs/sql.md:12` */
  readonly place: string;
  readonly language: string;
  readonly text: string;
  /** What the comment before it says. */
  readonly mark: string;
}

export const SNIPPET =
  /(?:<!-- (?<mark>[^>]*) -->\n\n)?^```(?<language>\w*)\n(?<text>[^]*?)^```$/gm;

export const SNIPPETS: readonly Snippet[] = DOCUMENTS.flatMap((document) => {
  const whole = read(document);
  return [...whole.matchAll(SNIPPET)].map(({ index, groups = {} }) => {
    const { mark = "", language = "", text = "" } = groups;
    const line = whole.slice(0, index).split("\n").length;
    return { document, place: `${document}:${line}`, language, text, mark };
  });
});

export const RUN = SNIPPETS.filter(({ mark }) => !mark.startsWith("not run: "));

export function fileOf({ mark }: Snippet): string | undefined {
  return /^file: (\S+)$/.exec(mark)?.[1];
}

export interface Command {
  readonly line: string;
  readonly code: number;
  readonly expected: readonly string[];
  /** A person ends it with Ctrl-C. */
  readonly interrupted: boolean;
}

export function readSession(text: string): Command[] {
  return text
    .trimEnd()
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [first = "", ...expected] = part.trimEnd().split("\n");
      const [, line = "", code = "0"] = /^(.*?)(?: # exit (\d+))?$/.exec(first) ?? [];
      return { line, code: Number(code), expected, interrupted: expected.includes("^C") };
    });
}

/** What was said, a line that begins as one shown with `…` taken for it. */
export function likeShown(said: readonly string[], shown: readonly string[]): string[] {
  return said.map((line, at) => {
    const like = shown[at] ?? "";
    return like.endsWith("…") && line.startsWith(like.slice(0, -1)) ? like : line;
  });
}
