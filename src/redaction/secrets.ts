/** The secrets of one task as texts, which are taken out of words that quote them. */

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
  #sorted: readonly string[] | null = null;
  #sortedForms: readonly string[] | null = null;

  /** Adds all texts and numbers in a value. */
  add(value: unknown): void {
    if (typeof value === "string") this.#addText(value);
    else if (typeof value === "number") this.#addText(String(value));
    else if (typeof value !== "object" || value === null) return;
    else if (isRawJson(value)) this.#addText(JSON.stringify(value));
    else for (const one of Object.values(value)) this.add(one);
  }

  /** Words are kept line by line, so each line of a secret is one. */
  #addText(text: string): void {
    const trimmed = text.trim();
    for (const part of [trimmed, ...trimmed.split("\n")]) this.#addPart(part.trim());
  }

  #addPart(part: string): void {
    if (part.length < SHORTEST || part === MASK) return;
    this.#texts.add(part);
    this.#texts.add(JSON.stringify(part).slice(1, -1)); // as an error may quote it
    this.#sorted = this.#sortedForms = null;
  }

  get areNone(): boolean {
    return this.#texts.size === 0;
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

  /** The forms of URLs are made once words may have one: of a secret of megabytes they cost a second. */
  #soughtIn(words: string): readonly string[] {
    if (!/[%+]/.test(words)) return (this.#sorted ??= longestFirst(this.#texts));
    return (this.#sortedForms ??= longestFirst([...this.#texts].flatMap(urlForms)));
  }
}

/** A part of one may be another one. */
function longestFirst(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort((one, other) => other.length - one.length);
}

/** All that a URL, or a form that is posted, leaves as it is. */
const PLAIN = /^[\w.-]+$/;

/** A text as it is, and as URLs have it: libraries differ in what they escape, and in the case of the digits. */
function urlForms(text: string): string[] {
  if (PLAIN.test(text) || !text.isWellFormed()) return [text];
  const component = encodeURIComponent(text);
  const strict = component.replace(/[!'()*~]/g, percent);
  const forms = [text, component, strict, strict.replaceAll("%20", "+"), encodeURI(text)];
  forms.push(new URLSearchParams([["", text]]).toString().slice(1), queryOf(text));
  return [...forms, ...forms.slice(1).map((form) => form.replace(/%[\dA-F]{2}/g, lowerCase))];
}

/** As `new URL` writes it into its query. */
function queryOf(text: string): string {
  const url = new URL("http://host");
  url.search = `=${text}`;
  return url.search.slice(2);
}

const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

const lowerCase = (escape: string) => escape.toLowerCase();

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
