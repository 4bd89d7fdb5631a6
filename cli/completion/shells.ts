/** The shells that complete: the script of each, and the form in which it takes what fits. */
import type { Candidate, Completion } from "./candidates.ts";
import bash from "./scripts/bash.sh" with { type: "text" };
import fish from "./scripts/fish.fish" with { type: "text" };
import powershell from "./scripts/powershell.ps1" with { type: "text" };
import zsh from "./scripts/zsh.zsh" with { type: "text" };

interface Shell {
  readonly script: string;
  /** The words of the line, as the script hands them over. */
  words(words: readonly string[]): readonly string[];
  /** The first line is the kind; each other one is a candidate. */
  answer(completion: Completion): string;
}

function shell(script: string, line: (candidate: Candidate) => string): Shell {
  const answer = (completion: Completion): string => {
    const lines = completion.kind === "words" ? completion.candidates.map(line) : [];
    return [completion.kind, ...lines].map((text) => `${text}\n`).join("");
  };
  return { script, words: (words) => words, answer };
}

const withTab = ([word, about]: Candidate): string => (about === "" ? word : `${word}\t${about}`);

export const SHELLS = {
  bash: shell(bash, ([word]) => word),
  zsh: shell(zsh, ([word, about]) => {
    const escaped = word.replaceAll(/[\\:]/g, String.raw`\$&`);
    return about === "" ? escaped : `${escaped}:${about}`;
  }),
  fish: shell(fish, withTab),
  powershell: {
    ...shell(powershell, withTab),
    // Older ones leave out an argument that is empty, so the script puts a dot behind the last one.
    words: (words) => [...words.slice(0, -1), words.at(-1)?.replace(/\.$/, "") ?? ""],
  },
} satisfies Record<string, Shell>;

export const SHELL_NAMES = Object.keys(SHELLS);

export function isShell(name: string): name is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, name);
}
