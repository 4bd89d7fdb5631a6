/** Errors of the user's code, as the executable shows them: with the user's lines, not with those of tq. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { Model, Transaction } from "tq";
export class Note extends Model {
  static override readonly __name__ = "note";
  async boom() { this.deep(); }
  deep() { throw new Error("no"); }
  async sql() { Transaction.current.database.run("SELEC 1"); }
  async refused() { await (Note as any).__queue__.refused([1], () => 1); }
}`;

test("the stack of a task's error begins and ends with lines of its models", async () => {
  await using site = new Site();
  site.write("models.ts", MODELS);
  const worker = await site.worker();
  const stackOf = async (method: string) => {
    const id = await site.pushOne("note", method, "1");
    await worker.says("task.failed", { task: id });
    const { stdout } = await site.run("show", String(id));
    return stdout
      .split("\n")
      .filter((line) => /^ +at /.test(line))
      .map((line) => line.trim());
  };
  const models = site.file("models.ts");
  expect(await stackOf("boom")).toEqual([`at deep (${models}:6:22)`, `at boom (${models}:5:23)`]);
  const refused = await stackOf("refused");
  expect(refused.join()).not.toContain("src/");
  expect(refused[0]).toContain(`${models}:8:`);
  const sql = await stackOf("sql");
  expect(sql.at(-1)).toContain(`${models}:7:`);
  expect(sql.join()).not.toContain("(src/");
});

test("an error while models load has its place, and -v shows their stack alone", async () => {
  await using site = new Site();
  site.write("models.ts", "\nconsole.log((process.env as any).NO_SUCH.length);");
  const { code, stderr } = await site.run("push", "note", "boom", "1", "-v");
  expect(code).toBe(7);
  expect(stderr).toContain(`NO_SUCH.length') at ${site.file("models.ts")}:2:`);
  expect(stderr).not.toContain("src/registry");
});
