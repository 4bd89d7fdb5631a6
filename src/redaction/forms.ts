/** A secret as words may have it: libraries and consoles write texts in ways of their own. */

/**
 * A text as it is, and as JSON and the methods of `console` quote it. They differ in the quotes that they escape, and in how
 * they write control characters.
 */
export function quotedForms(text: string): string[] {
  const isPlain = !/[\p{Cc}\\"']/u.test(text);
  return isPlain ? [text] : [text, ...STYLES.map((style) => quoted(text, style))];
}

interface Style {
  /** The quotes that it escapes; "": none, as the text stands between others. */
  readonly quote: string;
  readonly control: (code: number) => string;
}

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, "0");

const asJson = (code: number) => (code < 0x20 ? `\\u${hex(code, 4)}` : String.fromCharCode(code));

const upperCase = (letter: string) => letter.toUpperCase();

const asInspect = (code: number) => `\\x${hex(code, 2).toUpperCase()}`;

const STYLES: readonly Style[] = [
  { quote: '"', control: asJson },
  { quote: '"', control: (code) => asJson(code).replace(/[a-f]/, upperCase) }, // Bun's `console.log`
  { quote: "'", control: asInspect }, // `console.dir`, `console.table`, `%o`
  { quote: "", control: asInspect },
];

/** Written alike in all styles. */
const SHORT: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

function quoted(text: string, { quote, control }: Style): string {
  return text.replace(/[\p{Cc}\\"']/gu, (character) => {
    if (character === quote) return `\\${character}`;
    if (character === '"' || character === "'") return character;
    return SHORT[character] ?? control(character.charCodeAt(0));
  });
}

/** All that a URL, or a form that is posted, leaves as it is. */
const PLAIN = /^[\w.-]+$/;

/** A text as it is, and as URLs have it: libraries differ in what they escape, and in the case of the digits. */
export function urlForms(text: string): string[] {
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
