/** Runs tests again, on another store. */
import { expect } from "bun:test";
import { join } from "node:path";

/**
 * Runs tests in a process of their own, each on a store of its own of this kind.
 *
 * @returns how many have passed
 */
export async function passedOn(kind: "postgres" | "late", ...args: string[]): Promise<number> {
  const tests = Bun.spawn([process.execPath, "test", ...args], {
    cwd: join(import.meta.dir, "../.."),
    env: { ...process.env, TQ_TEST_STORE: kind },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, code] = await Promise.all([new Response(tests.stderr).text(), tests.exited]);
  const lines = output.split("\n");
  const isFailure = (line: string) => line.startsWith("(fail)");
  const failed = lines.filter(isFailure);
  // The reasons stand before the names.
  const reasons = lines.filter((_, at) => lines.slice(at, at + 12).some(isFailure));
  expect({ failed, reasons }).toEqual({ failed: [], reasons: [] });
  expect(code).toBe(0);
  return Number(/^\s*(\d+) pass$/m.exec(output)?.[1]);
}
