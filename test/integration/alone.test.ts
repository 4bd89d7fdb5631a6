/** The executable copied alone into an empty folder: nothing else is installed. */
import { copyFileSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { Site, TQ } from "./support/site.ts";

setDefaultTimeout(30_000);

/** With its own settings: only what is in the folder counts. */
async function tq(site: Site, ...args: string[]) {
  const env = { TQ_QUEUE__WORKER: "", TQ_LOG__FORMAT: "", TQ_LOG__LEVEL: "" };
  return site.spawn(["./tq", ...args], { env: without(env) }).ended();
}

/** Bun.spawn takes `undefined` for a variable that is not to be set. */
function without(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.keys(env).map((name) => [name, undefined as never]));
}

describe("the executable, alone in a folder", () => {
  test("runs the first example: the value is stored", async () => {
    await using site = new Site();
    copyFileSync(TQ, site.file("tq"));
    site.write("models.ts", EXAMPLE);
    expect(await tq(site, "init")).toMatchObject({ code: 0 });
    expect(site.read("models.ts")).toBe(EXAMPLE);
    expect(site.read("tq.toml")).toContain("worker = true");

    site.write("push.ts", PROGRAM);
    expect(await tq(site, "run", "push.ts")).toMatchObject({ code: 0, stdout: "record 1\n" });
    expect(site.one("SELECT value FROM my_model")).toEqual({ value: null });
    expect(await tq(site, "worker", "--drain", "--queue", "default")).toMatchObject({ code: 0 });
    expect(site.one("SELECT value FROM my_model")).toEqual({ value: 42 });

    expect(await tq(site, "push", "my_model", "process", "1", "--args", "[43]")).toMatchObject({
      code: 0,
    });
    expect((await tq(site, "worker", "--drain")).code).toBe(0);
    expect(site.one("SELECT value FROM my_model")).toEqual({ value: 43 });
  });

  test("finds the user's own files and packages, in its threads too", async () => {
    await using site = new Site();
    site.write("models.ts", WITH_IMPORTS);
    site.write("lib/names.ts", `export const greet = (name: string): string => "Hello " + name;\n`);
    site.write(
      "node_modules/shout/package.json",
      `{ "name": "shout", "version": "1.0.0", "type": "module", "exports": "./main.js" }`,
    );
    site.write("node_modules/shout/main.js", `export default (text) => text.toUpperCase();\n`);
    const id = await site.pushOne("greeter", "greet", "1", "--args", '["Ann"]');
    expect((await site.run("worker", "-n", "2", "--drain")).code).toBe(0);
    expect(JSON.parse(site.task(id).result ?? "")).toBe("HELLO ANN");
  });

  test("takes a folder of models, with its subfolders and without its tests", async () => {
    await using site = new Site();
    site.write("models/a.ts", model("a"));
    site.write("models/deeper/b.ts", model("b"));
    site.write("models/a.test.ts", `throw new Error("a test is no model");\n`);
    site.write("models/node_modules/x/index.ts", `throw new Error("a package is no model");\n`);
    const ids = [await site.pushOne("a", "name", "1"), await site.pushOne("b", "name", "1")];
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expect(ids.map((id) => site.task(id).result)).toEqual(['"a"', '"b"']);
  });
});

describe("which mode is on", () => {
  needs("sqlite3").test(
    "is said by a worker at its start when queue.worker is false, and it works all the same",
    async () => {
      await using site = new Site();
      site.write("models.ts", model("a"));
      const off = { env: { TQ_QUEUE__WORKER: "false" } };
      const worker = await site.worker(["-n", "1"], off);
      expect(worker.find("config.worker_off")).toMatchObject({ embedded: false });
      expect(worker.find("worker.started", { mode: "no worker" })).toBeDefined();
      const push = `INSERT INTO tq_push (model, method, instances) VALUES ('a', 'name', '1');`;
      expect((await site.shell(push)).stderr).toBe("");
      await worker.says("task.finished", { task: 1 });

      const status = await site.start(["status"], off).ended();
      expect(status.stdout).toContain(
        "no worker: each program runs its own tasks after the commit",
      );
      const json = await site.start(["status", "--json"], off).ended();
      expect(JSON.parse(json.stdout)).toMatchObject({ mode: "no worker" });
    },
  );

  test("is not spoken of by a worker when it is true, and tq status says so", async () => {
    await using site = new Site();
    site.write("models.ts", model("a"));
    const worker = await site.worker();
    expect(worker.find("config.worker_off")).toBeUndefined();
    expect((await site.run("status")).stdout).toContain("worker: tq worker runs the tasks");
  });
});

const EXAMPLE = `// models.ts: runs as it is under the tq binary; "tq" is a module the binary provides
import { ModelSQL, type Queue, v } from "tq";

export class MyModel extends ModelSQL("my_model", { value: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof MyModel>; // typed pushes; works untyped without this line

  static async launch(records: MyModel[]) {
    for (const record of records) await this.__queue__.process(record, 42);
  }
  async process(value: number) {
    this.value = value;
    await this.save();
  }
}
`;

const PROGRAM = `import { Transaction } from "tq";
import { MyModel } from "./models.ts";

await Transaction.start({}, async () => {
  const records = await MyModel.create([{}]);
  await MyModel.launch(records);
  console.log("record", records[0]?.id);
});
`;

const WITH_IMPORTS = `import { Model } from "tq";
import shout from "shout";
import { greet } from "./lib/names.ts";

export class Greeter extends Model {
  static override readonly __name__ = "greeter";
  async greet(name: string) { return shout(greet(name)); }
}
`;

function model(name: string): string {
  return `import { Model } from "tq";
export class Named extends Model {
  static override readonly __name__ = ${JSON.stringify(name)};
  async name() { return ${JSON.stringify(name)}; }
}
`;
}
