/** Turns the bytes of a file into text and counts its words. */

/** The text of a file's bytes, or the reason why it has none. With `cut` the last character may be incomplete. */
export function decode(bytes: Uint8Array, cut: boolean): { text: string } | { reason: string } {
  const encoding = encodingByMark(bytes) ?? "utf-8";
  // A zero byte is NUL in every encoding but UTF-16, and no text has NUL.
  if (encoding === "utf-8" && bytes.includes(0)) return { reason: "NUL bytes" };
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: cut });
    return text.includes("\0") ? { reason: "NUL bytes" } : { text };
  } catch {
    return { reason: `not ${encoding.toUpperCase().slice(0, 6).replace(/-$/, "")}` };
  }
}

/** UTF-16 files begin with a byte order mark. */
function encodingByMark([first, second]: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return undefined;
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ...kinds("HTML", "html htm xhtml"),
  ...kinds("JSON", "json jsonc json5 jsonl map webmanifest"),
  ...kinds("Markdown", "md markdown mdx mkd"),
  ...kinds("source", "js mjs cjs jsx ts mts cts tsx css scss sh py rb rs go c h cc cpp hpp java"),
  ...kinds("source", "cs php pl lua sql zig swift kt vue svelte toml yml yaml xml"),
]);

function kinds(kind: string, extensions: string): [string, string][] {
  return extensions.split(" ").map((extension) => [extension, kind]);
}

/** The kind of a text, by the extension of its name. */
export function kindOf(path: Uint8Array): string {
  const name = Buffer.from(path).toString("latin1");
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return KINDS.get(extension) ?? "plain";
}

/**
 * The text that a browser would show, roughly. A hostile page cannot make it slow, as it looks at each character a
 * fixed number of times.
 */
export function stripTags(html: string): string {
  const lower = html.toLowerCase();
  let text = "";
  for (let at = 0; at < html.length;) {
    const open = html.indexOf("<", at);
    if (open === -1) return text + decodeEntities(html.slice(at));
    text += decodeEntities(html.slice(at, open));
    if (!/[a-z/!?]/.test(lower.charAt(open + 1))) {
      text += "<"; // "a < b" is no tag
      at = open + 1;
      continue;
    }
    text += " ";
    at = endOf(lower, open);
  }
  return text;
}

/** The end of the tag that opens here; for a comment, script or style, the end of its content. */
function endOf(lower: string, open: number): number {
  if (lower.startsWith("<!--", open)) return after(lower, "-->", open);
  const hidden = ["script", "style"].find((name) => isTag(lower, name, open + 1));
  const from = hidden === undefined ? open : lower.indexOf(`</${hidden}`, open);
  return from === -1 ? lower.length : after(lower, ">", from);
}

function isTag(lower: string, name: string, at: number): boolean {
  return lower.startsWith(name, at) && /^[\s/>]?$/.test(lower.charAt(at + name.length));
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at === -1 ? text.length : at + end.length;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
]);

function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,31}));/gi,
    (all, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES.get(String(name)) ?? String(all);
      const code = decimal === undefined ? parseInt(String(hex), 16) : Number(decimal);
      const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      return valid ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}

/** Counts runs of anything but white space, as `wc -w` does; a regular expression would make a list of them. */
export function countWords(text: string): number {
  let words = 0;
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const space = isSpace(text.charCodeAt(at));
    if (!space && !inside) words++;
    inside = !space;
  }
  return words;
}

function isSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return (
    code === 0xa0 ||
    code === 0x3000 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029
  );
}
