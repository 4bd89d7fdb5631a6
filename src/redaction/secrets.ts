/** The secrets of one task as texts, which are taken out of words that quote them. */

import { quotedForms, urlForms } from "./forms.ts";

/** Stands in place of a secret. */
export const MASK = "[redacted]";

/** Stands where words were cut. */
const CUT = "…";

/** A shorter text is found in many words by chance, and taking it out would make them unreadable. */
const SHORTEST = 4;

/** Of a secret so many characters are looked for at the end of words that were cut. */
const LONGEST_BEGINNING = 4_096;

/** Words of a task with more secrets than this are masked as a whole: to look for each would take too long. */
const MOST = 1_000;

export class Secrets {
  readonly #texts = new Set<string>();
  /** All that is looked for, the longest first, by the kinds of forms among them. */
  readonly #sorted = new Map<string, readonly string[]>();

  /** Adds all texts and numbers in a value, and its keys. */
  add(value: unknown): void {
    if (typeof value === "string") this.#addText(value);
    else if (typeof value === "number") this.#addText(String(value));
    else if (typeof value !== "object" || value === null) return;
    else if (isRawJson(value)) this.#addNumber(JSON.stringify(value));
    else if (Array.isArray(value)) for (const one of value) this.add(one);
    else for (const pair of Object.entries(value)) pair.forEach((one) => this.add(one));
  }

  /** A number that JavaScript cannot hold comes to a task, and to words, as the nearest one. */
  #addNumber(json: string): void {
    this.#addText(json);
    this.#addText(String(Number(json)));
  }

  /** Words are kept line by line, so each line of a secret is one. */
  #addText(text: string): void {
    const trimmed = text.trim();
    for (const part of [trimmed, ...trimmed.split("\n")]) this.#addPart(part.trim());
  }

  #addPart(part: string): void {
    for (const text of [part, Bun.stripANSI(part)]) {
      if (text.length < SHORTEST || text === MASK) continue;
      this.#texts.add(text);
      this.#texts.add(JSON.stringify(text).slice(1, -1)); // as an error may quote it
    }
    this.#sorted.clear();
  }

  get areNone(): boolean {
    return this.#texts.size === 0;
  }

  /** True for a number that is one of them, as JSON may carry it. */
  hasNumber(value: number | object): boolean {
    return this.#texts.has(JSON.stringify(value));
  }

  /** The words without the secrets, and without the beginning of one where the words were cut. */
  hideIn(words: string): string {
    if (this.areNone) return words;
    if (this.#texts.size > MOST) return MASK;
    const sorted = this.#soughtIn(words);
    let hidden = words;
    for (const secret of sorted) hidden = hidden.replaceAll(secret, MASK);
    for (const secret of sorted) hidden = withoutBeginning(hidden, secret);
    return hidden;
  }

  /** Other forms are made once words may have one: those of URLs cost a second of a secret of megabytes. */
  #soughtIn(words: string): readonly string[] {
    const depth = words.includes("\\\\") ? 2 : words.includes("\\") ? 1 : 0;
    const isUrl = /[%+]/.test(words);
    const kind = `${depth} ${isUrl}`;
    const made = this.#sorted.get(kind);
    if (made) return made;
    let forms = [...this.#texts];
    for (let level = 0; level < depth; level++) forms = forms.flatMap(quotedForms);
    if (isUrl) forms = forms.flatMap(urlForms);
    const sorted = longestFirst(forms);
    this.#sorted.set(kind, sorted);
    return sorted;
  }
}

/** A part of one may be another one. */
function longestFirst(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort((one, other) => other.length - one.length);
}

/** Words end, or go on after a cut, within a secret. */
function withoutBeginning(words: string, secret: string): string {
  const parts = words.split(CUT).map((part) => {
    const length = beginningAt(part, secret);
    return length === 0 ? part : part.slice(0, -length) + MASK;
  });
  return parts.join(CUT);
}

/** How many characters of the secret's beginning the words end with. */
function beginningAt(words: string, secret: string): number {
  const most = Math.min(secret.length - 1, words.length, LONGEST_BEGINNING);
  for (let length = most; length >= SHORTEST; length--) {
    if (words.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

/** True for a number that JavaScript cannot hold, as `JSON.rawJSON` carries it. */
export function isRawJson(value: object): boolean {
  return (JSON as unknown as { isRawJSON: (value: unknown) => boolean }).isRawJSON(value);
}
