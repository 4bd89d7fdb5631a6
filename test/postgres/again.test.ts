/** The engine on PostgreSQL: models, transactions, tasks, pushes and runs do there what they do on SQLite. */
import { expect } from "bun:test";
import { join } from "node:path";
import { needs } from "../support/needs.ts";

needs("postgres").test(
  "models, transactions, tasks, pushes and runs pass their tests on PostgreSQL",
  async () => {
    const folders = ["model", "transaction", "tasks", "push", "run", "registry"];
    const command = [process.execPath, "test", "--timeout", "20000"];
    const tests = Bun.spawn([...command, ...folders.map((name) => `test/${name}/`)], {
      cwd: join(import.meta.dir, "../.."),
      env: { ...process.env, TQ_TEST_STORE: "postgres" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, code] = await Promise.all([new Response(tests.stderr).text(), tests.exited]);
    const failed = output.split("\n").filter((line) => line.startsWith("(fail)"));
    expect(failed).toEqual([]);
    expect(code).toBe(0);
    const passed = Number(/^\s*(\d+) pass$/m.exec(output)?.[1]);
    expect(passed).toBeGreaterThan(1_200);
  },
  300_000,
);
