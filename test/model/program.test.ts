/** A program that sets nothing up: the settings, the store and the end of the process. */
import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../support/folder.ts";

const TQ = JSON.stringify(join(import.meta.dir, "../../src/index.ts"));

const MODELS = `
import { ModelSQL, v } from ${TQ};
export class Counter extends ModelSQL("counter", { value: v.optional(v.number(), 0) }) {
  async add(by) { this.value += by; await this.save(); }
}`;

const PROGRAM = `
import { Transaction } from ${TQ};
import { Counter } from "./models.ts";
await Transaction.start({}, async () => {
  const [counter] = await Counter.create([{}]);
  await Counter.__queue__.add(counter, 2);
});
await Counter.__queue__.add([1], 3);
console.log("done");
`;

async function run(settings: string) {
  const made = makeFolder();
  const { path: folder } = made;
  writeFileSync(join(folder, "models.ts"), MODELS);
  writeFileSync(join(folder, "main.ts"), PROGRAM);
  writeFileSync(join(folder, "tq.toml"), settings);
  const program = Bun.spawn([process.execPath, "main.ts"], {
    cwd: folder,
    env: { ...process.env, TQ_LOG__LEVEL: "info" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, log, code] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  const db = new Database(join(folder, "tq.db"), { readonly: true });
  const result = {
    output,
    log,
    code,
    tasks: db.query("SELECT state FROM tq_tasks ORDER BY id").values().flat(),
    value: db.query("SELECT value FROM counter").values().flat(),
    workers: db.query("SELECT count(*) FROM tq_workers").values().flat(),
    files: readdirSync(folder),
  };
  db.close();
  made[Symbol.dispose]();
  return result;
}

test("without a worker it runs its tasks, and leaves no proof of life behind", async () => {
  const { output, log, code, tasks, value, workers, files } = await run("");
  expect(log).toContain("counter.add");
  expect([output, code]).toEqual(["done\n", 0]);
  expect(tasks).toEqual(["finished", "finished"]);
  expect(value).toEqual([5]);
  expect(workers).toEqual([0]);
  expect(files.filter((name) => !/^(?:main\.ts|models\.ts|tq\.toml|tq\.db.*)$/.test(name))).toEqual(
    [],
  );
});

test("with workers it leaves them to those", async () => {
  const { output, code, tasks, value } = await run("[queue]\nworker = true\n");
  expect([output, code]).toEqual(["done\n", 0]);
  expect(tasks).toEqual(["ready", "ready"]);
  expect(value).toEqual([0]);
});
