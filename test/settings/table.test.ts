/** The list of settings, and how each is shown. */
import { describe, expect, test } from "bun:test";
import { listConfig } from "../../src/settings/config.ts";
import { formatSetting, SETTINGS } from "../../src/settings/table.ts";
import { load, renewFolder, write } from "./folder.ts";

renewFolder();

describe("the list of settings", () => {
  test("has words, a default and a variable for each", () => {
    for (const setting of SETTINGS.values()) {
      expect(setting.description).toMatch(/^[A-Z].+[^.]$/);
      expect(setting.default).not.toBe("");
      expect(setting.env).toMatch(/^TQ_(MODELS|[A-Z]+__[A-Z_]+)$/);
    }
    expect(SETTINGS.get("worker.threads")).toMatchObject({
      env: "TQ_WORKER__THREADS",
      flag: "--threads",
      default: "number of cores",
      allowed: "a whole number from 1 to 1000",
    });
  });

  test("shows each value and its origin", () => {
    write("[worker]\nqueues = ['a', 'b']\ngrace = '90s'");
    const rows = listConfig(load()).map(
      ({ setting, value, origin }) => [setting.key, formatSetting(setting, value), origin] as const,
    );
    expect(rows).toContainEqual(["worker.queues", "a, b", "tq.toml"]);
    expect(rows).toContainEqual(["worker.grace", "1 min 30 s", "tq.toml"]);
    expect(rows).toContainEqual(["models", "none", "default"]);
    expect(rows).toContainEqual(["queue.worker", "false", "default"]);
    expect(rows).toHaveLength(SETTINGS.size);
  });
});
