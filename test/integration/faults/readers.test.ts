/** The proof of test/proof, for some seconds. By hand it runs as long as you like. */
import { expect } from "bun:test";
import { needs } from "../../support/needs.ts";
import { prove } from "../../proof/open-files.ts";

needs("Linux", "sqlite3").test(
  "tasks that open their database's files in every way lose nothing, run nothing twice and leave a sound file",
  async () => {
    const { acknowledged, runs, problems } = await prove(4);
    expect(problems).toEqual([]);
    expect(acknowledged).toBeGreaterThan(100);
    expect(runs["readFileSync, refused"]).toBeGreaterThan(0);
    expect(runs["readFileSync"]).toBeUndefined();
  },
  60_000,
);
