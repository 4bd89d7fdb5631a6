/** A database without a queue gets one at the first push, and the log says so: the URL may name another one than it should. */
import { expect, setDefaultTimeout } from "bun:test";
import { MIGRATIONS } from "../../src/postgres/migrate.ts";
import { madeQueues, NOTES } from "../cli/made.ts";
import { Folder } from "../cli/tq.ts";
import { needs } from "../support/needs.ts";
import { makeEmpty } from "./empty.ts";

setDefaultTimeout(20_000);

needs("postgres").describe("on PostgreSQL, what makes a queue says so in the log", () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ["push note read 1", { TQ_QUEUE__WORKER: "1" }],
    ["push note read 1", { TQ_QUEUE__WORKER: "0" }],
    ["push note read 1", {}],
    ["worker --drain", {}],
    ["pause print", {}],
    ["run program.ts", {}],
  ];
  for (const [line, more] of cases) {
    needs("postgres").test(`once: tq ${line} with ${JSON.stringify(more)}`, async () => {
      await using empty = await makeEmpty();
      await using folder = new Folder();
      folder.write("models.ts", NOTES);
      folder.write(
        "program.ts",
        'import "./models.ts"; import { push } from "tq"; await push({ model: "note", method: "read", instances: 1 });',
      );
      const env = { TQ_DATABASE: empty.url, TQ_LOG__FORMAT: "json", ...more };
      const first = await folder.tqWith({ env }, ...line.split(" "));
      expect(first).toMatchObject({ code: 0 });
      expect(madeQueues(first.stderr)).toMatchObject([
        { level: "info", database: empty.name, found: "no schema tq" },
      ]);
      const second = await folder.tqWith({ env }, ...line.split(" "));
      expect(madeQueues(second.stderr)).toEqual([]);
    });
  }
});

needs("postgres").test("tq migrate says from which version it has brought the schema", async () => {
  await using empty = await makeEmpty();
  await using folder = new Folder();
  const env = { TQ_DATABASE: empty.url };
  await empty.run("SET search_path = public");
  await empty.run(MIGRATIONS[0] ?? "");
  const { stdout } = await folder.tqWith({ env }, "migrate");
  expect(stdout).toBe(
    `Brought the schema tq in ${empty.name} from version 1 to ${MIGRATIONS.length}\n`,
  );
});
