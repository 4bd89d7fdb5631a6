import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmdirSync, symlinkSync } from "node:fs";
import { DECLARATIONS, compile, makeDeclarations } from "./declarations.ts";
import { type Task, callWords } from "../../src/task.ts";
import { Folder } from "./tq.ts";

const NEXT = `next: tq push notebook add 1 --args '["hello world"]' && tq worker\n`;

const FILES = ["tq.toml", "models.ts", "README.md", ".gitignore", "tsconfig.json", "types/tq.d.ts"];

let folder: Folder;

beforeAll(() => {
  folder = new Folder();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

describe("tq init", () => {
  test("writes the files of a project", async () => {
    const { code, stdout } = await folder.tq("init");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [...FILES.map((file) => `written  ${file}\n`), NEXT].join(""),
    });
  });

  test("overwrites nothing and says which exist", async () => {
    const { code, stdout } = await folder.tq("init");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [...FILES.map((file) => `left     ${file}: it exists\n`), NEXT].join(""),
    });
    await using other = new Folder();
    other.write("README.md", "mine");
    mkdirSync(other.file("models"));
    const { stdout: json } = await other.tq("init", "--json");
    expect(JSON.parse(json)).toEqual(
      FILES.map((file) => ({ file, written: !["README.md", "models.ts"].includes(file) })),
    );
    expect(readFileSync(other.file("README.md"), "utf8")).toBe("mine");
    expect(existsSync(other.file("models.ts"))).toBe(false);
    const { stdout: again } = await other.tq("init");
    expect(again).toContain("left     models.ts: it would hide the folder models\n");
    expect(again).toContain("left     README.md: it exists\n");
  });

  test("makes the folder that it is given, and the next line goes there", async () => {
    await using other = new Folder();
    const { stdout } = await other.tq("init", "it's mine/shop");
    expect(stdout.trim().split("\n").at(-1)).toBe(
      String.raw`next: cd 'it'\''s mine/shop' && tq push notebook add 1 --args '["hello world"]' && tq worker`,
    );
    for (const file of FILES) expect(existsSync(other.file(`it's mine/shop/${file}`))).toBe(true);
    expect(existsSync(other.file("tq.toml"))).toBe(false);
    const { stdout: again } = await other.tq("init", "it's mine/shop");
    expect(again.split("next: ")[1]).toBe(stdout.split("next: ")[1]);
    expect(again).toContain("left     it's mine/shop/models.ts: it exists\n");
  });

  test("writes the models where a tq.toml that is there already names them", async () => {
    await using other = new Folder();
    other.write("tq.toml", 'models = "src/tasks.ts"\n[queue]\nworker = true\n');
    const { stdout } = await other.tq("init");
    expect(stdout).toContain("written  src/tasks.ts\n");
    expect(stdout).toContain(`next: tq push notebook add 1`);
    expect(existsSync(other.file("models.ts"))).toBe(false);
    expect(readFileSync(other.file("README.md"), "utf8")).toContain("`src/tasks.ts` holds");
    expect((await other.tq("push", "notebook", "add", "1", "--args", '["a"]')).code).toBe(0);
    expect((await other.tq("init")).stdout).toContain("left     src/tasks.ts: it exists\n");
  });

  test.each(["lib/tasks.js", "../tasks.ts", "tasks"])(
    "writes no models where tq.toml names %s",
    async (models) => {
      await using other = new Folder();
      other.write("tq.toml", `models = ${JSON.stringify(models)}`);
      const { stdout } = await other.tq("init");
      expect(stdout).toContain(`left     ${models}: tq.toml names it as the models`);
      expect(stdout).not.toContain("next:");
      expect(existsSync(other.file("models.ts"))).toBe(false);
    },
  );

  test("says that it has not made the starter that was asked for, where other models are there", async () => {
    await using other = new Folder();
    expect((await other.tq("init", "shop", "--starter", "shop")).stderr).toBe("");
    expect((await other.tq("init", "shop", "--starter", "shop")).stderr).toBe("");
    const { code, stdout, stderr } = await other.tq("init", "shop", "--starter", "functions");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        "tq: The starter functions was not made: shop/models.ts has models already; run tq init --starter functions in another folder\n",
    });
    expect(stdout).toEndWith("\nnext: cd shop && tq worker\n");
  });

  test("goes on to a folder whose name begins with a dash", async () => {
    await using other = new Folder();
    const { stdout } = await other.tq("init", "./-x");
    expect(stdout).toContain("next: cd ./-x && ");
  });

  test.each(["models.js", "models/sale.ts", "models.ts"])(
    "names the models that are there in the README: %s",
    async (file) => {
      await using other = new Folder();
      mkdirSync(other.file("models"));
      if (!file.startsWith("models/")) rmdirSync(other.file("models"));
      other.write(file, "");
      const { stdout, stderr } = await other.tq("init");
      expect(stdout).toEndWith("\nnext: tq worker\n"); // what its methods are called it does not know
      expect(stderr).toBe("");
      const readme = readFileSync(other.file("README.md"), "utf8");
      const [, named] = /`([^`]+)` holds the tasks/.exec(readme) ?? [];
      expect(named).toBe(file.replace("sale.ts", ""));
      expect(readme).not.toContain("notebook");
    },
  );

  test.each([
    [
      "node_modules",
      "node_modules\n\n# The database, the files beside it, the token of the admin API, copies of the database, and the folder of backups.\ntq.db*\ntq.token\ntq-*.db\nbackups/\n",
    ],
    [
      "/tq.db*\n*.log\n",
      "/tq.db*\n*.log\n\n# The token of the admin API, copies of the database, and the folder of backups.\ntq.token\ntq-*.db\nbackups/\n",
    ],
    [
      "",
      "# The database, the files beside it, the token of the admin API, copies of the database, and the folder of backups.\ntq.db*\ntq.token\ntq-*.db\nbackups/\n",
    ],
    [
      "dist\r\n",
      "dist\r\n\r\n# The database, the files beside it, the token of the admin API, copies of the database, and the folder of backups.\r\ntq.db*\r\ntq.token\r\ntq-*.db\r\nbackups/\r\n",
    ],
  ])("adds to a .gitignore that is there what it lacks, once: %j", async (before, after) => {
    await using other = new Folder();
    other.write(".gitignore", before);
    const { stdout } = await other.tq("init");
    const added = `${before.includes("tq.db") ? "" : "tq.db*, "}tq.token, tq-*.db, backups/`;
    expect(stdout).toContain(`added    .gitignore: ${added}\n`);
    expect(readFileSync(other.file(".gitignore"), "utf8")).toBe(after);
    const { stdout: again } = await other.tq("init");
    expect(again).toContain("left     .gitignore: it exists\n");
    expect(readFileSync(other.file(".gitignore"), "utf8")).toBe(after);
  });

  test("says of a link that leads to nothing that it is one", async () => {
    await using other = new Folder();
    symlinkSync("gone.toml", other.file("tq.toml"));
    const { code, stderr } = await other.tq("init");
    expect(code).toBe(2);
    expect(stderr).toContain(
      `Cannot write ${other.file("tq.toml")}: ${other.file("tq.toml")} is a link to ${other.file("gone.toml")}, which is not there; mount the disk that it is on, or name another path`,
    );
  });

  test("refuses a starter that it does not know", async () => {
    await using other = new Folder();
    for (const name of ["shops", "toString"]) {
      const { code, stderr } = await other.tq("init", "new", "--starter", name);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: `tq: --starter cannot be "${name}": it is one of tryton, functions, shop\n`,
      });
    }
    expect(existsSync(other.file("new"))).toBe(false);
  });

  test.each([
    ["functions", ["push", "greet", '["world"]'], ["greet"]],
    [
      "shop",
      ["push", "shop", "sell", "1", "--args", '["the bakery",2]'],
      ["sale.label", "shop.sell"],
    ],
    [
      "tryton",
      ["push", "notebook", "add", "1", "--args", '["hello"]'],
      ["note.count", "notebook.add"],
    ],
  ])(
    "makes a project of %s whose task runs, and whose types are right",
    async (starter, push, calls) => {
      await using other = new Folder();
      await other.tq("init", "--starter", starter);
      expect(await other.tq(...push)).toMatchObject({ code: 0 });
      expect(await other.tq("worker", "--drain", "-q", "-n", "1")).toMatchObject({ code: 0 });
      const tasks = JSON.parse((await other.tq("list", "--json")).stdout) as Task[];
      expect(tasks.map(callWords)).toEqual(calls);
      expect(tasks.map(({ state }) => state)).toEqual(calls.map(() => "finished"));
      await compile(other.path);
    },
  );

  test("makes a shop that says which labels were not printed", async () => {
    await using other = new Folder();
    await other.tq("init", "--starter", "shop");
    const models = readFileSync(other.file("models.ts"), "utf8")
      .replace('PRINTER: string = ""', 'PRINTER: string = "http://127.0.0.1:1"')
      .replace("attempts: 8", "attempts: 1");
    other.write("models.ts", models);
    await other.tq("push", "shop", "sell", "1", "--args", '["the bakery",2]');
    expect(await other.tq("worker", "--drain", "-q", "-n", "1")).toMatchObject({ code: 1 });
    const { stdout } = await other.tq("logs", "3");
    expect(stdout).toContain("The labels of the bakery are not printed (task 2): ");
  });

  test("refuses a folder whose place a file has, and names what it has written", async () => {
    await using other = new Folder();
    other.write("types", "mine");
    expect(await other.tq("init")).toEqual({
      code: 2,
      stdout: "",
      stderr: `tq: Cannot write ${other.file("types/tq.d.ts")}: ${other.file("types")} is a file, and no folder (EEXIST); move it away, or name another path; written before that: tq.toml, models.ts, README.md, .gitignore, tsconfig.json\n`,
    });
    expect(readFileSync(other.file("types"), "utf8")).toBe("mine");
  });

  test("prints nothing with --quiet, but JSON", async () => {
    await using other = new Folder();
    expect(await other.tq("init", "-q")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(existsSync(other.file("models.ts"))).toBe(true);
    expect(JSON.parse((await other.tq("init", "-q", "--json")).stdout)).toHaveLength(FILES.length);
  });

  test("makes a project whose task runs as its README says", async () => {
    await folder.tq("push", "notebook", "add", "1", "--args", '["hello world"]');
    const { code } = await folder.tq("worker", "--drain", "-q", "-n", "1");
    expect(code).toBe(0);
    const { stdout } = await folder.tq("list", "--json");
    expect(JSON.parse(stdout)).toMatchObject([
      { model: "note", method: "count", state: "finished" },
      { model: "notebook", method: "add", state: "finished" },
    ]);
  });

  test("makes a project whose task fails, with the file and the line, where its method forgets an await", async () => {
    await using other = new Folder();
    await other.tq("init");
    const models = readFileSync(other.file("models.ts"), "utf8");
    const forgetful = models.replace("if (note) await Note", "if (note) void Note");
    expect(forgetful).not.toBe(models);
    other.write("models.ts", forgetful);
    await other.tq("push", "notebook", "add", "1", "--args", '["hello world"]');
    expect(await other.tq("worker", "--drain", "-q", "-n", "1")).toMatchObject({ code: 1 });
    const { stdout } = await other.tq("list", "--json");
    const line = forgetful.split("\n").findIndex((text) => text.includes("void Note")) + 1;
    expect(JSON.parse(stdout)).toMatchObject([
      {
        state: "failed",
        reason: expect.stringContaining(`what it began at ${other.file("models.ts")}:${line}:`),
      },
    ]);
  });

  test("makes types that an editor understands, and that refuse a wrong call", async () => {
    const whole = { extends: "./tsconfig.json", compilerOptions: { skipLibCheck: false } };
    folder.write("whole.json", JSON.stringify(whole));
    await compile(folder.file("whole.json"));
    folder.write(
      "wrong.ts",
      `import { Transaction } from "tq";
      import { Note, Notebook } from "./models.ts";
      export const text: number = new Note({ text: "x" }).text;
      export const user: string = Transaction.current.user;
      export const nothing = Note.__queue__.nothing;
      export const added: Promise<number> = Notebook.__queue__.add(1, "hello world");
      export const misspelt = Notebook.__queue__.ad(1, "x");
      export const noId = Notebook.__queue__.add("x", "hello");
      export const noText = Notebook.__queue__.add(1, new Map());
      export const tooMany = Note.__queue__.count(1, 2);`,
    );
    const problems = await compile(folder.path).then(String, String);
    const lines = [...problems.matchAll(/\bwrong\.ts\((\d+),/g)].map(([, line]) => line);
    expect(lines).toEqual(["3", "4", "5", "7", "8", "9", "10"]);
  });
});

test("the declarations are those of the source; if not, run bun test/cli/declarations.ts", async () => {
  expect(readFileSync(DECLARATIONS, "utf8")).toBe(await makeDeclarations());
});
