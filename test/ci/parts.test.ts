/** A run of all tests runs each file, and each once. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { ALL_PARTS } from "../../.ci/parts.ts";

const IGNORE = "--path-ignore-patterns=";

/** Whether `bun test` with these arguments runs the file. */
function runs(part: readonly string[], file: string): boolean {
  const ignored = part.filter((arg) => arg.startsWith(IGNORE));
  const paths = part.filter((arg) => !arg.startsWith(IGNORE));
  if (ignored.some((arg) => new Bun.Glob(arg.slice(IGNORE.length)).match(file))) return false;
  return paths.length === 0 || paths.some((path) => file.includes(path));
}

test("each test file is in one of the parts, and each part has some", () => {
  const root = join(import.meta.dir, "../..");
  const files = [...new Bun.Glob("test/**/*.test.{ts,tsx}").scanSync(root)];
  expect(files.length).toBeGreaterThan(200);
  for (const file of files) {
    expect(
      ALL_PARTS.flat().filter((part) => runs(part, file)),
      file,
    ).toHaveLength(1);
  }
  for (const part of ALL_PARTS.flat()) {
    expect(
      files.some((file) => runs(part, file)),
      part.join(" "),
    ).toBe(true);
  }
});
