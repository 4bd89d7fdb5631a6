/** `tq bundle`: models that a box has as one file, beside the executable. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Site, TQ } from "./support/site.ts";

setDefaultTimeout(60_000);

const HELPERS = `
/** Its line is named in errors. */
export function greet(name: string): string {
  if (name === "nobody") throw new Error("who?");
  return \`hello \${name}\`;
}`;

function withModels(): Site {
  const site = new Site();
  site.write("lib/greet.ts", HELPERS);
  site.write(
    "models.ts",
    `import { Model } from "tq";
    import { greet } from "./lib/greet.ts";
    import rates from "./lib/rates.json";
    export class Job extends Model {
      static override readonly __name__ = "job";
      async greet(name: string) { return greet(name); }
      async rate() { return rates.vat; }
    }`,
  );
  site.write("lib/rates.json", '{ "vat": 19 }');
  return site;
}

/** Another folder, which has nothing of the first one but these files. */
function boxOf(site: Site, ...files: string[]): string {
  mkdirSync(site.file("box"));
  for (const file of files) renameSync(site.file(file), site.file(`box/${file}`));
  return site.file("box");
}

async function inBox(site: Site, box: string, ...args: string[]) {
  return site.start(args, { cwd: box }).ended();
}

describe("tq bundle", () => {
  test("into another folder keeps the places of its files for errors", async () => {
    await using site = withModels();
    mkdirSync(site.file("box"));
    expect((await site.run("bundle", "box/models.js")).code).toBe(0);
    const box = site.file("box");
    await inBox(site, box, "push", "job", "greet", "1", "--args", '["nobody"]');
    expect((await inBox(site, box, "worker", "--drain")).code).toBe(1);
    const { stdout } = await inBox(site, box, "show", "1");
    expect(stdout).toContain(`(${site.file("lib/greet.ts")}:4:`);
  });

  test.each(["", "// nothing yet", "class Job {}"])(
    "of files without a model (%p) is refused, and keeps the bundle that is there",
    async (text) => {
      await using site = withModels();
      expect((await site.run("bundle")).code).toBe(0);
      const before = site.read("models.js");
      site.write("models.ts", text);
      const { code, stderr } = await site.run("bundle");
      expect(code).toBe(7);
      expect(stderr).toContain("there is no model in it");
      expect(site.read("models.js")).toBe(before);
    },
  );

  test("into a folder that is not there is refused with the path of the file", async () => {
    await using site = withModels();
    const { code, stderr } = await site.run("bundle", "nope/models.js");
    expect(code).toBe(2);
    expect(stderr).toContain(
      `Cannot write ${site.file("nope/models.js")}: there is no folder ${site.file("nope")} (ENOENT); make it first\n`,
    );
  });

  test("makes models.js, which a box runs without any other file", async () => {
    await using site = withModels();
    const made = await site.run("bundle");
    expect(made).toMatchObject({ code: 0, stdout: `${site.file("models.js")}\n` });
    const box = boxOf(site, "models.js");
    expect((await inBox(site, box, "push", "job", "greet", "1", "--args", '["Ada"]')).code).toBe(0);
    await inBox(site, box, "push", "job", "rate", "1");
    await inBox(site, box, "push", "job", "greet", "1", "--args", '["nobody"]');
    expect((await inBox(site, box, "worker", "--drain")).code).toBe(1);
    const { stdout } = await inBox(site, box, "list", "--json");
    const tasks = JSON.parse(stdout) as { id: number; state: string }[];
    const states = Object.fromEntries(tasks.map(({ id, state }) => [id, state]));
    expect(states).toEqual({ 1: "finished", 2: "finished", 3: "failed" });
    expect((await inBox(site, box, "show", "1")).stdout).toContain('"hello Ada"');
    expect((await inBox(site, box, "show", "3")).stdout).toMatch(/at greet \(.*lib\/greet\.ts:4:/);
  });

  test("gives __dirname and __filename of its files the place of the bundle", async () => {
    await using site = withModels();
    site.write("lib/place.cjs", "module.exports = [__dirname, __filename];");
    site.write(
      "models.ts",
      `import { Model } from "tq";
      import place from "./lib/place.cjs";
      export class Job extends Model {
        static override readonly __name__ = "job";
        async where() { return [__dirname, __filename, ...place]; }
      }`,
    );
    expect((await site.run("bundle")).code).toBe(0);
    const box = boxOf(site, "models.js");
    expect(
      readFileSync(join(box, "models.js"), "utf8").split("//# sourceMapping")[0],
    ).not.toContain(site.path);
    await inBox(site, box, "push", "job", "where", "1");
    expect((await inBox(site, box, "worker", "--drain")).code).toBe(0);
    const { stdout } = await inBox(site, box, "show", "1", "--json");
    const file = join(box, "models.js");
    expect(JSON.parse(stdout)).toMatchObject({ result: [box, file, box, file] });
  });

  test("puts the files of a folder into one, also where two export one name", async () => {
    await using site = new Site();
    for (const name of ["first", "second"]) {
      site.write(
        `models/${name}.ts`,
        `import { Model } from "tq";
        export class Job extends Model {
          static override readonly __name__ = "${name}";
          async run() { return "${name}"; }
        }`,
      );
    }
    const { code, stdout } = await site.run("bundle", "out.js", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file: site.file("out.js"),
      models: ["first", "second"],
    });
    const ids = await site.push("second", "run", "1", "--models", "out.js");
    await site.run("worker", "--drain", "--models", "out.js");
    expect(site.task(ids[0] ?? 0)).toMatchObject({ state: "finished", result: '"second"' });
  });

  test("compiles decorators as tsconfig.json says", async () => {
    await using site = new Site();
    site.write("tsconfig.json", '{ "compilerOptions": { "experimentalDecorators": true } }');
    site.write(
      "models.ts",
      `import { Model } from "tq";
      function known(_: object, key: string) { if (typeof key !== "string") throw new Error("new"); }
      export class Job extends Model {
        static override readonly __name__ = "job";
        @known async run() {}
      }`,
    );
    expect(await site.run("bundle")).toMatchObject({ code: 0 });
  });

  test.each([
    ["a file that is no .js", ["bundle", "models.txt"], 2, "must end in .js"],
    ["itself", ["bundle", "m.js", "--models", "m.js"], 2, "is what it would be made of"],
    ["a file among the models", ["bundle", "models/x.js", "--models", "models"], 2, "one of them"],
    ["no models", ["bundle", "--models", "none.ts"], 7, "does not exist"],
  ])("refuses %s", async (_, args, exit, words) => {
    await using site = withModels();
    site.write("m.js", "export {};");
    site.write("models/a.ts", "export {};");
    const { code, stderr } = await site.run(...args);
    expect(stderr).toContain(words);
    expect(code).toBe(exit);
  });

  test("replaces no file that it has not made, unless told to", async () => {
    await using site = withModels();
    site.write("app.js", "// by hand");
    const { code, stderr } = await site.run("bundle", "app.js");
    expect([code, stderr]).toEqual([
      4,
      `tq: Cannot bundle the models: ${site.file("app.js")} is there, and tq bundle has not made it; name another file, or replace it with --force\n`,
    ]);
    expect(site.read("app.js")).toBe("// by hand");
    expect((await site.run("bundle", "app.js", "--force")).code).toBe(0);
    expect((await site.run("bundle", "app.js")).code).toBe(0);
  });

  test("writes what a link leads to, and refuses one that leads nowhere", async () => {
    await using site = withModels();
    expect((await site.run("bundle", "real.js")).code).toBe(0);
    const before = site.read("real.js");
    site.write("lib/rates.json", '{ "vat": 7 }');
    symlinkSync("real.js", site.file("link.js"));
    expect((await site.run("bundle", "link.js")).code).toBe(0);
    expect(site.read("real.js")).not.toBe(before);
    expect(lstatSync(site.file("link.js")).isSymbolicLink()).toBe(true);
    symlinkSync("none.js", site.file("lost.js"));
    const { code, stderr } = await site.run("bundle", "lost.js");
    expect([code, stderr]).toEqual([2, expect.stringContaining("which is not there")]);
  });

  test("leaves the bundle as it was where the models are broken, or import what is missing", async () => {
    await using site = withModels();
    await site.run("bundle");
    const before = site.read("models.js");
    site.write("models.ts", "export class {");
    expect((await site.run("bundle")).code).toBe(7);
    site.write("models.ts", `export const later = () => import("not-installed");`);
    const { code, stderr } = await site.run("bundle");
    expect(code).toBe(7);
    expect(stderr).toContain('Could not resolve: "not-installed"');
    expect(site.read("models.js")).toBe(before);
    const { stdout } = await site.spawn(["ls", "-A"]).ended();
    expect(stdout).not.toContain(".models");
  });

  test("a new bundle beside a worker that watches it is taken up", async () => {
    await using site = withModels();
    await site.run("bundle");
    const worker = site.spawn([TQ, "worker", "-n", "1", "--watch", "--models", "models.js"]);
    await worker.says("worker.started");
    site.write("lib/rates.json", '{ "vat": 7 }');
    await site.run("bundle");
    await worker.says("models.loaded");
    const id = await site.pushOne("job", "rate", "1");
    expect((await site.becomes(id, "finished")).result).toBe("7");
  });
});
