/** The registry, and loading the user's files. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Model, ModelSQL, v } from "../../src/index.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { Registry } from "../../src/registry/registry.ts";
import { errorOf, sentenceOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { OBEYING } from "../support/tools.ts";

const TQ = JSON.stringify(join(import.meta.dir, "../../src/index.ts"));

const source = (name: string, extra = "") =>
  `import { Model } from ${TQ};
   export class M extends Model { static __name__ = ${JSON.stringify(name)}; static run() {} ${extra} }`;

/** A folder with these files. */
function write(files: Record<string, string>) {
  const made = makeFolder();
  for (const [name, text] of Object.entries(files)) {
    const path = join(made.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return made;
}

const namesIn = async (path: string) =>
  (await loadModels(path))
    .all()
    .map(({ __name__ }) => __name__)
    .sort();

test("a file gives the models that it exports, and what they can do", async () => {
  using made = write({
    "models.ts": `${source("a", "async of() {}")}
      export class B extends M { static __name__ = "b.c"; }
      class Hidden extends Model { static __name__ = "hidden"; }
      export class Abstract extends Model {}
      export const other = 7, nothing = null, text = "x", fn = () => Hidden;`,
  });
  const registry = await loadModels(join(made.path, "models.ts"));
  expect(registry.catalog()).toEqual({ a: ["of", "run"], "b.c": ["of", "run"] } as never);
  expect(registry.get("a")?.name).toBe("M");
  expect(registry.get("hidden")).toBeUndefined();
});

test("a folder gives those of all its files and subfolders, but of tests, declarations and what is hidden", async () => {
  using made = write({
    "a.ts": source("a"),
    "deep/er/b.mts": source("b"),
    "deep/c.js": `import { Model } from ${TQ}; export class M extends Model { static __name__ = "c"; }`,
    "deep/d.tsx": source("d"),
    "only.txt": "no code",
    "a.test.ts": `throw new Error("a test was loaded")`,
    "a.spec.js": `throw new Error("a test was loaded")`,
    "types.d.ts": "export declare const x: number;",
    ".hidden.ts": `throw new Error("hidden")`,
    ".git/hook.ts": `throw new Error("hidden")`,
    "node_modules/x/index.ts": `throw new Error("node_modules")`,
    "helper.ts": "export const help = 1;",
  });
  expect(await namesIn(made.path)).toEqual(["a", "b", "c", "d"]);
});

test("a class that several files export is one model", async () => {
  using made = write({ "a.ts": source("a"), "index.ts": `export * from "./a.ts";` });
  expect(await namesIn(made.path)).toEqual(["a"]);
});

test("imports of the user's own files resolve", async () => {
  using made = write({
    "models/a.ts": `import { name } from "../lib/name.ts"; ${source("a")} M.__name__ = name;`,
    "lib/name.ts": `export const name: string = "from.lib";`,
  });
  expect(await namesIn(join(made.path, "models"))).toEqual(["from.lib"]);
});

test("two classes with one name are an error that names both files", async () => {
  using made = write({ "a.ts": source("same"), "sub/b.ts": source("same") });
  const error = await errorOf(() => loadModels(made.path));
  expect(error.code).toBe("models");
  expect(error.message).toBe(
    `Cannot load models: two classes have the name "same", one in ${made.path}/a.ts, one in ${made.path}/sub/b.ts; rename one of them`,
  );
});

test("a class that extends another and forgot a name of its own is told so", async () => {
  using made = write({ "a.ts": `${source("a")} export class Special extends M {}` });
  expect(await sentenceOf(() => loadModels(made.path))).toBe(
    `Cannot load models: two classes have the name "a", both in ${made.path}/a.ts; Special extends M: give it a static __name__ of its own, or export only one of them`,
  );
});

test("what ModelSQL made and the class on it are one model, in either order", async () => {
  for (const order of ["Base, Sale", "Sale, Base"]) {
    using made = write({
      "a.ts": `import { ModelSQL, v } from ${TQ};
        const Base = ModelSQL("sale", { a: v.string() });
        class Sale extends Base { static run() {} }
        export { ${order} };`,
    });
    const registry = await loadModels(made.path);
    expect(registry.all()).toHaveLength(1);
    expect(registry.catalog()).toEqual({ sale: ["run"] } as never);
  }
});

test("two models that would share a table are an error", async () => {
  const registry = new Registry();
  registry.add(class extends ModelSQL("sale.line", { a: v.string() }) {}, "/a.ts");
  class Other extends ModelSQL("sale_line", { a: v.string() }) {}
  expect(await sentenceOf(() => registry.add(Other, "/b.ts"))).toBe(
    "Cannot load models: sale.line and sale_line would share the table sale_line; rename one of them",
  );
});

test("a class with another name may work on the table of its base", () => {
  class Party extends ModelSQL("party", { a: v.string() }) {}
  class Customer extends Party {
    static override readonly __name__ = "party.customer";
  }
  const registry = new Registry();
  registry.add(Party, "/a.ts");
  registry.add(Customer, "/a.ts");
  expect(registry.all()).toEqual([Party, Customer] as never);
});

test("a class that was found in a file is not replaced by one that only pushes", () => {
  class One extends Model {
    static override readonly __name__ = "one";
  }
  class Two extends Model {
    static override readonly __name__ = "one";
  }
  const registry = new Registry();
  registry.add(Two, null);
  registry.add(One, "/a.ts");
  registry.add(Two, null);
  registry.add(One, "/a.ts");
  expect(registry.get("one")).toBe(One);
  const other = new Registry();
  other.addAll(registry);
  expect(other.all()).toEqual([One] as never);
});

/** The same classes each time, as a program has them that is loaded again. */
function loadAgain() {
  class Party extends ModelSQL("party", { a: v.string() }) {}
  class Customer extends Party {
    static override readonly __name__ = "party.customer";
  }
  return { Party, Customer };
}

test.each<[string | null, boolean]>([
  [null, true],
  ["/models.ts", true],
  [null, false],
])(
  "a program that is loaded again has its new classes; the first from %p, it runs them: %p",
  (file, runs) => {
    for (const order of [["Party", "Customer"] as const, ["Customer", "Party"] as const]) {
      const registry = new Registry();
      for (const model of Object.values(loadAgain())) registry.add(model, file, runs);
      for (let time = 0; time < 2; time++) {
        const classes = loadAgain();
        for (const name of order) registry.add(classes[name], null, runs);
        expect(registry.get("party")).toBe(classes.Party);
        expect(registry.get("party.customer")).toBe(classes.Customer);
      }
    }
  },
);

test("a file that is loaded again replaces its classes, but not those that pushed since", () => {
  const load = () => {
    const classes = loadAgain();
    const loaded = new Registry();
    for (const model of Object.values(classes)) loaded.add(model, "/models.ts");
    return { ...classes, loaded };
  };
  const registry = new Registry();
  registry.addAll(load().loaded);
  const second = load();
  registry.addAll(second.loaded);
  expect(registry.all()).toEqual([second.Party, second.Customer] as never);
  const pushing = loadAgain();
  registry.add(pushing.Party, null, true);
  const third = load();
  registry.addAll(third.loaded);
  expect(registry.get("party")).toBe(pushing.Party);
});

test.each(["Sale", "sale order", "", "sale-line", "tq.task"])(
  "the name %j is refused",
  async (name) => {
    using made = write({ "a.ts": source(name) });
    const error = await errorOf(() => loadModels(made.path));
    expect(error.code).toBe("models");
    expect(error.message).toContain(
      `Cannot make the model ${name === "tq.task" ? name : JSON.stringify(name)}`,
    );
  },
);

test("a path that does not exist is refused with what to do", async () => {
  using made = write({});
  const path = join(made.path, "models.ts");
  expect(await sentenceOf(() => loadModels(path))).toBe(
    `Cannot load models from ${path}: it does not exist; write the file, or name another with --models`,
  );
});

test("an empty folder is refused", async () => {
  using made = write({ "sub/readme.txt": "" });
  expect(await sentenceOf(() => loadModels(made.path))).toBe(
    `Cannot load models from ${made.path}: the folder has no .ts or .js file; write one, or name another folder with --models`,
  );
});

test("a file that throws is named, with what it threw", async () => {
  using made = write({ "a.ts": `throw new RangeError("not today");`, "b.ts": `throw "text";` });
  const { path: folder } = made;
  const error = await errorOf(() => loadModels(join(folder, "a.ts")));
  expect(error.message).toBe(
    `Cannot load models from ${folder}/a.ts: RangeError: not today at ${folder}/a.ts:1:11`,
  );
  expect(error.code).toBe("models");
  expect(error.cause).toBeInstanceOf(RangeError);
  expect(await sentenceOf(() => loadModels(join(folder, "b.ts")))).toContain('b.ts: "text"');
});

test("the reason why models cannot be loaded is cut where it is long", async () => {
  using made = write({ "a.ts": 'throw new Error("x".repeat(1_000_000));' });
  expect((await sentenceOf(() => loadModels(made.path))).length).toBeLessThan(11_000);
});

test("a syntax error is named with its place", async () => {
  using made = write({ "a.ts": "export const a = 1;\nexport class { \n", "b.ts": "let x = ;" });
  const { path: folder } = made;
  expect(await sentenceOf(() => loadModels(join(folder, "a.ts")))).toContain(`${folder}/a.ts:2:`);
  const sentence = await sentenceOf(() => loadModels(join(folder, "b.ts")));
  expect(sentence).toBe(
    `Cannot load models from ${folder}/b.ts: Unexpected ; at ${folder}/b.ts:1:9`,
  );
});

test("an import that cannot be found is named", async () => {
  using made = write({ "a.ts": `import "./missing.ts";` });
  const file = join(made.path, "a.ts");
  expect(await sentenceOf(() => loadModels(made.path))).toStartWith(
    `Cannot load models from ${file}: Cannot find module './missing.ts'`,
  );
});

test("a path may have signs that mean something in a URL, but for the one that Bun takes for a query", async () => {
  using made = write({ "a#b %41/ä.ts": source("a"), "why?/b.ts": source("b") });
  expect(await namesIn(join(made.path, "a#b %41"))).toEqual(["a"]);
  const path = join(made.path, "why?/b.ts");
  expect(await sentenceOf(() => loadModels(path))).toBe(
    `Cannot load models from ${path}: Bun takes what follows a ? for a query; rename the file or its folder`,
  );
});

test("what cannot be read is refused with a sentence", async () => {
  using made = write({ "loop/x.txt": "" });
  const path = join(made.path, "circle");
  symlinkSync(path, path);
  expect(await sentenceOf(() => loadModels(path))).toContain(`Cannot load models from ${path}: `);
});

needs("setpriv").test("a folder whose rights forbid to read it is refused with a sentence", () => {
  using made = write({});
  chmodSync(made.path, 0o000);
  const registry = JSON.stringify(join(import.meta.dir, "../../src/registry/load-models.ts"));
  const code = `import { loadModels } from ${registry};
    await loadModels(${JSON.stringify(made.path)}).catch(({ message }) => console.log(message));`;
  const { stdout } = Bun.spawnSync([...OBEYING, process.execPath, "-e", code]);
  chmodSync(made.path, 0o700);
  expect(stdout.toString()).toStartWith(`Cannot load models from ${made.path}: `);
});

test("a model that is asked for and not there is an error with the near one", async () => {
  const registry = new Registry();
  expect(await sentenceOf(() => registry.require("sale", "do it"))).toBe(
    'Cannot do it: there is no model "sale" here; there are no models here: a model is an exported class that extends ModelSQL(name, fields), or Model with a static __name__, and a function is an exported task(name, function)',
  );
});
