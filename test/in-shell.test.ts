/** Words of command lines, as a shell reads them back. */
import { expect, test } from "bun:test";
import { flagInShell, inShell, pathInShell } from "../src/in-shell.ts";

function readBack(words: string): string[] {
  const { stdout } = Bun.spawnSync(["sh", "-c", `printf '%s\\n' ${words}`]);
  return stdout.toString().split("\n").slice(0, -1);
}

test.each(["plain", "two words", "it's", '"$HOME"', "a\\b", "*", "~", "#", "größe", ";ls", ""])(
  "a shell reads %j back as it was",
  (word) => {
    expect(readBack(inShell(word))).toEqual([word]);
  },
);

test("a word without signs for the shell stays as it is", () => {
  expect(inShell("/srv/shop/tq.db")).toBe("/srv/shop/tq.db");
});

test("a path that begins with a dash is no flag", () => {
  expect(pathInShell("-x y")).toBe("'./-x y'");
  expect(pathInShell("/srv/-x")).toBe("/srv/-x");
});

test("the value of a flag that begins with a dash is not taken for another", () => {
  expect(flagInShell("--queue", "-x")).toBe("--queue=-x");
  expect(flagInShell("--queue", "two words")).toBe("--queue 'two words'");
});
