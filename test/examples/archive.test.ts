/** How the archive of examples/archive reads one file. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { read, TEXT_LIMIT_BYTES } from "../../examples/archive/read.ts";
import { countWords, decode, kindOf, stripTags } from "../../examples/archive/text.ts";

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tq-archive-"));

  write(name: string, content: string | Uint8Array): Uint8Array {
    writeFileSync(join(this.path, name), content);
    return this.bytes(name);
  }

  bytes(name: string): Uint8Array {
    return Buffer.from(join(this.path, name));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

const sha256 = (content: string): string =>
  new Bun.CryptoHasher("sha256").update(content).digest("hex");

test("a text has a hash, a kind and a number of words", () => {
  using folder = new Folder();
  const contents = read(folder.write("a.md", "# Two words\n"));
  expect(contents).toMatchObject({
    state: "text",
    detail: "Markdown",
    text: "# Two words\n",
    words: 3,
    size: 12,
    cut: false,
    hash: sha256("# Two words\n"),
  });
});

test("a long file is hashed to its end, and its text is cut between two characters", () => {
  using folder = new Folder();
  const content = `x${"é".repeat(TEXT_LIMIT_BYTES)}`;
  const contents = read(folder.write("long.txt", content));
  expect(contents).toMatchObject({ state: "text", cut: true, hash: sha256(content) });
  expect(contents.text?.length).toBe(TEXT_LIMIT_BYTES / 2);
  expect(contents.text?.endsWith("é")).toBe(true);
});

test("a file that is missing, a folder, a link or a pipe by now is unreadable with its reason", () => {
  using folder = new Folder();
  mkdirSync(join(folder.path, "sub"));
  symlinkSync("/etc/hostname", join(folder.path, "link"));
  Bun.spawnSync(["mkfifo", join(folder.path, "pipe")]);
  const reason = (name: string) => [
    read(folder.bytes(name)).state,
    read(folder.bytes(name)).detail,
  ];
  expect(reason("missing")).toEqual(["unreadable", "vanished before it was read"]);
  expect(reason("missing/below")).toEqual(["unreadable", "vanished before it was read"]);
  for (const name of ["sub", "link", "pipe"]) {
    expect(reason(name)).toEqual(["unreadable", "no longer a file"]);
  }
});

test("UTF-8, and UTF-16 that says so, are text; everything else is binary", () => {
  const bytes = (...values: number[]) => new Uint8Array(values);
  expect(decode(bytes(), false)).toEqual({ text: "" });
  expect(decode(Buffer.from("\ufeffå"), false)).toEqual({ text: "å" });
  expect(decode(bytes(0xff, 0xfe, 0x61, 0x00), false)).toEqual({ text: "a" });
  expect(decode(bytes(0xfe, 0xff, 0x00, 0x61), false)).toEqual({ text: "a" });
  expect(decode(bytes(0x61, 0x00), false)).toEqual({ reason: "NUL bytes" });
  expect(decode(bytes(0xff, 0xfe, 0x00, 0x00), false)).toEqual({ reason: "NUL bytes" });
  expect(decode(bytes(0x61, 0xe9), false)).toEqual({ reason: "not UTF-8" });
  expect(decode(bytes(0xff, 0xfe, 0x00, 0xd8), false)).toEqual({ reason: "not UTF-16" });
});

test("the kind is told by the extension, in capitals too", () => {
  const kind = (name: string) => kindOf(Buffer.from(name));
  expect(["a.JSON", "b.htm", "c.ts", "README", "d.constructor"].map(kind)).toEqual([
    "JSON",
    "HTML",
    "source",
    "plain",
    "plain",
  ]);
});

test("tags, comments, scripts and styles are stripped; what stands between them stays", () => {
  const words = (html: string) => stripTags(html).split(/\s+/).filter(Boolean).join(" ");
  expect(words("<p>One<br>two</p><!-- no > no --> three")).toBe("One two three");
  expect(words("a<SCRIPT src=x>no</Script >b<style>no</style>c<styles>d")).toBe("a b c d");
  expect(words("1 < 2 &amp;&#38;&#x26; &lt;b&gt; &unknown; &constructor; &#xd800;")).toBe(
    "1 < 2 &&& <b> &unknown; &constructor; \ufffd",
  );
  expect(words("end <script>never closed")).toBe("end");
  expect(words("end <b")).toBe("end");
});

test("a page made to be slow is not", () => {
  for (const piece of ["<", "<!--", "<script ", "<script></style>", "&#x1"]) {
    stripTags(piece.repeat(TEXT_LIMIT_BYTES / piece.length)); // would take minutes if it looked again and again
  }
});

test("words are what stands between white space", () => {
  expect(["", "  ", "one", " one\ttwo\n", "å\u00a0ö\u2003日本\u3000語"].map(countWords)).toEqual([
    0, 0, 1, 2, 4,
  ]);
});
