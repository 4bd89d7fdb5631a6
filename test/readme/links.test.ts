/** What the documents link to and name exists. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DOCUMENTS, read, ROOT } from "./documents.ts";
import { SNIPPET } from "./snippets.ts";

test("links lead to files and headings that exist", () => {
  for (const document of DOCUMENTS) {
    const text = read(document).replaceAll(SNIPPET, "");
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? document : join(dirname(document), path);
      expect(existsSync(join(ROOT, file)), `${document}: ${link}`).toBe(true);
      if (anchor !== undefined) expect(anchors(file), `${document}: ${link}`).toContain(anchor);
    }
  }
});

test("files and npm scripts that are named exist", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  for (const document of DOCUMENTS) {
    const text = read(document).replaceAll(SNIPPET, "");
    for (const [, path = ""] of text.matchAll(
      /`((?:src|cli|test|bench|examples|docs)\/[\w./-]*)`/g,
    )) {
      if (path === "bench/results") continue; // made by a run
      expect(existsSync(join(ROOT, path)), `${document}: ${path}`).toBe(true);
    }
    for (const [, script = ""] of read(document).matchAll(/npm run ([\w:]+)/g)) {
      expect(Object.keys(scripts), `${document}: npm run ${script}`).toContain(script);
    }
  }
});

function anchors(document: string): string[] {
  return [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}
