/** The executable holds on PostgreSQL what its tests say, where they are not about files. */
import { expect } from "bun:test";
import { needs } from "../support/needs.ts";
import { passedOn } from "../support/run-again.ts";

/** Each of the two parts takes about as long. */
const PARTS = [
  ["alone", "embed", "failures", "hurt", "many-workers", "policy-hangs", "recurring", "webhooks"],
  ["kill", "pushes", "results", "screen", "statistics", "stop", "task-life", "task-output"],
];

needs("postgres").test(
  "workers, programs and commands pass their tests on PostgreSQL",
  async () => {
    const passed = await Promise.all(
      PARTS.map((names) =>
        passedOn("postgres", ...names.map((name) => `test/integration/${name}.test.ts`)),
      ),
    );
    expect(passed[0]).toBeGreaterThan(50);
    expect(passed[1]).toBeGreaterThan(50);
  },
  300_000,
);
