/** Models and programs are compiled as their tsconfig.json says: paths, extends, JSX, decorators. */
import { expect, test } from "bun:test";
import { Site } from "./support/site.ts";

const MODELS = `
import { Model } from "tq";
import { lib } from "@lib/a";
import { element } from "./element.tsx";
const seen: unknown[] = [];
Object.assign(Reflect, {
  metadata: (key: string, value: { name: string }) => () => void seen.push(key + " " + value.name),
});
function column(target: object, name: string) { seen.push(typeof target, name); }
class Entity { @column value!: string; }
export const compiled = { lib, element, seen };
export class Look extends Model {
  static override readonly __name__ = "look";
  async look() { return compiled; }
}
`;

const COMPILED = {
  lib: "lib",
  element: "small: b",
  seen: ["design:type String", "object", "value"],
};

const OPTIONS = {
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  jsx: "react-jsx",
  jsxImportSource: "small",
  paths: { "@lib/*": ["./lib/*"] },
};

function project(files: Record<string, string>): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  site.write("element.tsx", "export const element = <b>text</b>;\n");
  site.write("lib/a.ts", 'export const lib: string = "lib";\n');
  site.write(
    "program.ts",
    'import { compiled } from "./models.ts";\nconsole.log(JSON.stringify(compiled));\n',
  );
  const exports = { "./jsx-runtime": "./jsx.js", "./jsx-dev-runtime": "./jsx.js" };
  site.write("node_modules/small/package.json", JSON.stringify({ name: "small", exports }));
  site.write(
    "node_modules/small/jsx.js",
    'export const jsx = (type) => "small: " + type;\nexport const jsxs = jsx, jsxDEV = jsx, Fragment = "";\n',
  );
  for (const [name, text] of Object.entries(files)) site.write(name, text);
  return site;
}

const WRITTEN = {
  "in one file": {
    "tsconfig.json": `// for the editor too\n${JSON.stringify({ compilerOptions: OPTIONS })}`,
  },
  "by extends": {
    "tsconfig.json": '{ "extends": "./middle.json", }',
    "middle.json": '{ "extends": "./base/tsconfig.json" }',
    "base/tsconfig.json": JSON.stringify({
      compilerOptions: { ...OPTIONS, paths: { "@lib/*": ["../lib/*"] } },
    }),
  },
};

for (const [how, files] of Object.entries(WRITTEN)) {
  test(`tq run obeys a tsconfig.json that is written ${how}`, async () => {
    await using site = project(files);
    const { stdout, stderr } = await site.run("run", "program.ts");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(COMPILED);
  });

  test(`the threads of a worker obey a tsconfig.json that is written ${how}`, async () => {
    await using site = project(files);
    const id = await site.pushOne("look", "look", "1");
    await site.run("worker", "-n", "1", "--drain");
    expect(JSON.parse(site.task(id).result ?? "null")).toEqual(COMPILED);
  });

  test(`tq push obeys a tsconfig.json that is written ${how}, from another folder too`, async () => {
    await using site = project(files);
    site.write("tq.toml", "");
    const args = ["-c", site.file("tq.toml"), "push", "look", "look", "1", "--wait", "--json"];
    const env = { TQ_QUEUE__WORKER: "false" };
    const { stdout } = await site.start(args, { env, cwd: "/" }).ended();
    expect(JSON.parse(stdout).result).toEqual(COMPILED);
  });
}

test("a folder of models obeys its own tsconfig.json, and a file beside it the one above", async () => {
  await using site = new Site();
  const old = JSON.stringify({ compilerOptions: { experimentalDecorators: true } });
  const kept =
    "const seen: string[] = [];\nconst keep = (a: unknown, b: unknown) => void seen.push(typeof b);\n";
  site.write("tsconfig.json", JSON.stringify({ compilerOptions: { jsx: "react" } }));
  site.write("beside.ts", `${kept}class A { @keep value = 1; }\nexport const beside = seen;\n`);
  site.write("models/tsconfig.json", old);
  site.write(
    "models/look.ts",
    `import { Model } from "tq";
import { beside } from "../beside.ts";
${kept}class Inside { @keep value = 1; }
export class Look extends Model {
  static override readonly __name__ = "look";
  async look() { return { beside, inside: seen }; }
}
`,
  );
  const id = await site.pushOne("look", "look", "1");
  await site.run("worker", "-n", "1", "--drain");
  expect(JSON.parse(site.task(id).result ?? "null")).toEqual({
    beside: ["object"],
    inside: ["string"],
  });
});

test("without a tsconfig.json decorators are those of JavaScript", async () => {
  await using site = new Site();
  site.write(
    "program.ts",
    "const kind = (_: unknown, { kind }) => console.log(kind);\nclass A { @kind value = 1; }\n",
  );
  expect((await site.run("run", "program.ts")).stdout).toBe("field\n");
});

test("an error in a file without decorators has its line", async () => {
  await using site = project(WRITTEN["in one file"]);
  site.write("wrong.ts", '// a line\n\ninterface A {}\n\nthrow new Error("here");\n');
  expect((await site.run("run", "wrong.ts")).stderr).toContain("wrong.ts:5:");
});

test.each([
  ['{ "extends": "./missing" }', "it extends ./missing, which is not there"],
  ['{ "extends": "./tsconfig.json" }', "it extends itself"],
  ['{ "extends', "JSONC Parse error"],
])("a tsconfig.json of %s is refused with a sentence", async (text, why) => {
  await using site = project({ "tsconfig.json": text });
  const { code, stderr } = await site.run("run", "program.ts");
  expect(stderr).toStartWith(`tq: Cannot compile models as ${site.file("tsconfig.json")} says: `);
  expect(stderr).toContain(why);
  expect(code).toBe(7);
});
