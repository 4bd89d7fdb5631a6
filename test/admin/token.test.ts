import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadToken } from "../../src/admin/access/token-file.ts";
import { makeFolder } from "../support/folder.ts";
import { TOKEN } from "./support.ts";

function refusal(folder: string): string {
  try {
    loadToken(folder);
  } catch (error) {
    expect(error).toMatchObject({ name: "TqError", code: "invalid" });
    return error instanceof Error ? error.message : "";
  }
  throw new Error("not refused");
}

describe("the token's file", () => {
  test("is made beside the database, for its owner only", () => {
    using place = makeFolder();
    const { token, file } = loadToken(place.path);
    expect(file).toBe(join(place.path, "tq.token"));
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(readFileSync(file, "utf8")).toBe(token); // some clients refuse a line break in a header
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(place.path)).toEqual(["tq.token"]);
  });

  test("keeps its token, and another folder gets another", () => {
    using place = makeFolder();
    using elsewhere = makeFolder();
    const first = loadToken(place.path);
    expect(loadToken(place.path)).toEqual(first);
    expect(loadToken(elsewhere.path).token).not.toBe(first.token);
  });

  test("is one file for all that start at the same time", async () => {
    using place = makeFolder();
    const program = `
      const { loadToken } = await import(process.argv[1]);
      process.stdin.once("data", () => {
        console.log(loadToken(process.argv[2]).token);
        process.exit();
      });
      console.log("here");`;
    const source = join(import.meta.dir, "../../src/admin/access/token-file.ts");
    const command = [process.execPath, "-e", program, source, place.path];
    const starters = Array.from({ length: 6 }, () => {
      const { stdin, stdout, exited } = Bun.spawn(command, { stdin: "pipe", stdout: "pipe" });
      return { stdin, exited, lines: stdout.pipeThrough(new TextDecoderStream()).getReader() };
    });
    for (const { lines } of starters) expect((await lines.read()).value).toBe("here\n");
    for (const { stdin } of starters) {
      await stdin.write("go\n");
      await stdin.flush();
    }
    const tokens = await Promise.all(starters.map(async ({ lines }) => (await lines.read()).value));
    expect(await Promise.all(starters.map(({ exited }) => exited))).toEqual(Array(6).fill(0));
    expect(new Set(tokens).size).toBe(1);
    expect(readdirSync(place.path)).toEqual(["tq.token"]);
  });

  test("may hold a token of one's own", () => {
    using place = makeFolder();
    writeFileSync(join(place.path, "tq.token"), `${TOKEN}\r\n`, { mode: 0o600 });
    expect(loadToken(place.path).token).toBe(TOKEN);
  });

  test.each([0o600, 0o640, 0o660, 0o440, 0o400])(
    "keeps the mode that its owner chose: %o",
    (mode) => {
      using place = makeFolder();
      const file = join(place.path, "tq.token");
      writeFileSync(file, TOKEN);
      chmodSync(file, mode);
      expect(loadToken(place.path).token).toBe(TOKEN);
      expect(statSync(file).mode & 0o777).toBe(mode);
    },
  );

  test.each([0o644, 0o666, 0o604])("is made private when every user may read it: %o", (mode) => {
    using place = makeFolder();
    const file = join(place.path, "tq.token");
    writeFileSync(file, TOKEN);
    chmodSync(file, mode);
    expect(loadToken(place.path).token).toBe(TOKEN);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each([
    ["", "it has 0 characters and needs 32; delete it to have one made"],
    ["short\n", "it has 5 characters and needs 32; delete it to have one made"],
    [`${TOKEN} ${TOKEN}`, "it has spaces or letters outside ASCII; delete it to have one made"],
    [`${TOKEN}ü`, "it has spaces or letters outside ASCII; delete it to have one made"],
  ])("is refused when it holds %p", (content, reason) => {
    using place = makeFolder();
    const file = join(place.path, "tq.token");
    writeFileSync(file, content, { mode: 0o600 });
    expect(refusal(place.path)).toBe(`Cannot use the token in ${file}: ${reason}`);
    expect(readFileSync(file, "utf8")).toBe(content);
  });

  test("is refused when it is a folder, or its own folder is missing", () => {
    using place = makeFolder();
    const file = join(place.path, "tq.token");
    mkdirSync(file);
    expect(refusal(place.path)).toBe(
      `Cannot use the token in ${file}: it is not a file; move it away`,
    );
    expect(refusal(join(place.path, "nowhere"))).toContain("there is no folder");
  });
});
