/** The tests of a store hold on PostgreSQL too: models, runs, the admin API, the dashboard, the commands. */
import { expect } from "bun:test";
import { needs } from "../support/needs.ts";
import { passedOn } from "../support/run-again.ts";

const passedOnPostgres = (...args: string[]) => passedOn("postgres", "--timeout", "20000", ...args);

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

needs("postgres").test(
  "the example programs and the projects of tq init pass their tests on PostgreSQL",
  async () => {
    const files = ["test/examples/programs", "test/cli/init."];
    const names = "^(the example|tq init makes a (project of|shop)) ";
    expect(await passedOnPostgres(...files, "-t", names)).toBeGreaterThan(14);
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
