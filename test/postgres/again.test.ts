/** What tests say of a store holds on PostgreSQL too: models, runs, the admin API, the dashboard, the commands. */
import { expect } from "bun:test";
import { join } from "node:path";
import { needs } from "../support/needs.ts";

/** Runs tests again, each on a database of its own. @returns how many have passed */
async function passedOnPostgres(...args: string[]): Promise<number> {
  const tests = Bun.spawn([process.execPath, "test", "--timeout", "20000", ...args], {
    cwd: join(import.meta.dir, "../.."),
    env: { ...process.env, TQ_TEST_STORE: "postgres" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, code] = await Promise.all([new Response(tests.stderr).text(), tests.exited]);
  const failed = output.split("\n").filter((line) => line.startsWith("(fail)"));
  expect(failed).toEqual([]);
  expect(code).toBe(0);
  return Number(/^\s*(\d+) pass$/m.exec(output)?.[1]);
}

const except = (...paths: string[]) => paths.map((path) => `--path-ignore-patterns=${path}`);

needs("postgres").test(
  "models, transactions, tasks, pushes and runs pass their tests on PostgreSQL",
  async () => {
    const folders = ["model", "transaction", "tasks", "push", "run", "registry"];
    const passed = await passedOnPostgres(...folders.map((name) => `test/${name}/`));
    expect(passed).toBeGreaterThan(1_200);
  },
  300_000,
);

needs("postgres").test(
  "what a worker reads of recurring tasks passes its tests on PostgreSQL",
  async () => {
    const files = ["sources", "two-files", "zone"].map((name) => `test/worker/cron-${name}`);
    expect(await passedOnPostgres(...files)).toBeGreaterThan(25);
  },
  300_000,
);

needs("postgres").test(
  "the admin API and the dashboard pass their tests on PostgreSQL",
  async () => {
    expect(await passedOnPostgres("test/admin/")).toBeGreaterThan(750);
  },
  300_000,
);

/** They need no database, or are about files. */
const OTHER_COMMANDS = ["sqlite/", "service/", "upgrade/", "init.", "completion/shells."];

needs("postgres").test(
  "the commands pass their tests on PostgreSQL",
  async () => {
    const others = except(...OTHER_COMMANDS.map((name) => `test/cli/${name}**`));
    expect(await passedOnPostgres("test/cli/", ...others)).toBeGreaterThan(600);
  },
  300_000,
);
