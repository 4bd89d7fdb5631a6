/** Models that are of no use for a moment, while a worker runs: no waiting task may pay for it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { renameSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { Site } from "../support/site.ts";

setDefaultTimeout(60_000);

const task = (name: string, result: number) =>
  `import { task } from "tq"; export const ${name} = task("${name}", async () => ${result});\n`;

async function resultOf(site: Site, name: string): Promise<string | null> {
  const { id } = pushed(site, name);
  return (await site.becomes(id, "finished")).result;
}

/** By SQL: a command would load the models. */
function pushed(site: Site, name: string): { id: number } {
  using db = site.connect();
  return db.transaction(() => {
    db.query("INSERT INTO tq_push (model) VALUES (?)").run(name);
    return db.query("SELECT max(id) AS id FROM tq__task").get() as { id: number };
  })();
}

function siteOf(...files: readonly (readonly [string, string])[]): Site {
  const made = new Site();
  for (const [name, text] of files) made.write(name, text);
  return made;
}

test("a watching worker keeps its models where the file is empty, and says so", async () => {
  await using shop = siteOf(["models.ts", task("f", 1)]);
  const worker = await shop.worker(["-n", "1", "--watch"]);
  shop.write("models.ts", "");
  const { message } = await worker.says("models.refused");
  expect(message).toContain(`from ${shop.file("models.ts")}: there is no model in it`);
  expect(await resultOf(shop, "f")).toBe("1");
  shop.write("models.ts", task("f", 2));
  await worker.says("models.loaded");
  expect(await resultOf(shop, "f")).toBe("2");
});

test("SIGHUP beside an empty file of models changes nothing", async () => {
  await using shop = siteOf(["models.ts", task("f", 1)]);
  const worker = await shop.worker(["-n", "1"]);
  shop.write("models.ts", "");
  worker.kill("SIGHUP");
  await worker.says("models.refused");
  expect(await resultOf(shop, "f")).toBe("1");
});

test("a worker whose models are empty does not start, and leaves what waits", async () => {
  await using shop = siteOf(["models.ts", task("f", 1)]);
  const [id = 0] = await shop.push("f");
  shop.write("models.ts", "");
  const { code, stderr } = await shop.run("worker", "-n", "1");
  expect(code).toBe(7);
  expect(stderr).toContain("there is no model in it");
  expect(shop.task(id)).toMatchObject({ state: "ready", claim: 0 });
});

test("a file that leaves the folder of models is let go by SIGHUP, not in the moment in which it is away", async () => {
  await using shop = siteOf(["models/a.ts", task("a", 1)], ["models/b.ts", task("b", 1)]);
  const worker = await shop.worker(["-n", "1", "--watch"]);
  const [from, to] = [shop.file("models/b.ts"), shop.file("away.ts")];
  renameSync(from, to);
  const { message } = await worker.says("models.refused");
  expect(message).toStartWith("Cannot take up models without b: ");
  expect(await resultOf(shop, "b")).toBe("1");
  worker.kill("SIGHUP");
  await worker.says("models.loaded");
  const { id } = pushed(shop, "b");
  await shop.becomes(id, "failed");
  expect(await resultOf(shop, "a")).toBe("1");
});

test("a thread that takes the place of a dead one waits where a file is away", async () => {
  const ends = `import { task } from "tq"; export const end = task("end", async () => process.exit(3));`;
  await using shop = siteOf(["models/end.ts", ends], ["models/b.ts", task("b", 1)]);
  const worker = await shop.worker(["-n", "1"]);
  const [from, to] = [shop.file("models/b.ts"), shop.file("away.ts")];
  renameSync(from, to);
  pushed(shop, "end");
  await eventually("the refusal is said", () => worker.stderr.includes("models without b"));
  const { id } = pushed(shop, "b");
  renameSync(to, from);
  expect(await shop.becomes(id, "finished")).toMatchObject({ result: "1" });
});

const HANGS = [
  ["awaits what never comes", "await new Promise(() => {});"],
  ["runs without end", "while (true) {}"],
] as const;

/** Models whose load says that it has begun, and does not end. */
async function loadsForEver(shop: Site, hang: string, load: () => void): Promise<void> {
  const tell = `import { writeFileSync } from "node:fs"; writeFileSync("hangs", "");\n`;
  shop.write("models.ts", task("f", 0) + tell + hang);
  load();
  await eventually("it hangs", () => shop.has("hangs"));
}

for (const [what, hang] of HANGS) {
  test(`a watching worker loads models that are mended while a load ${what}`, async () => {
    await using shop = siteOf(["models.ts", task("f", 1)]);
    const worker = await shop.worker(["-n", "2", "--watch"]);
    await loadsForEver(shop, hang, () => {});
    shop.write("models.ts", task("f", 2));
    await worker.says("models.loaded");
    expect(await resultOf(shop, "f")).toBe("2");
  });

  for (const flags of [["--watch"], []]) {
    test(`a worker ${flags.join()} that starts with a load that ${what} takes up the mended models`, async () => {
      await using shop = siteOf(["part.ts", ""]);
      const models = `import "./part.ts";\n${task("f", 1)}`;
      shop.write("models.ts", models);
      const [id = 0] = await shop.push("f");
      const tell = `import { appendFileSync } from "node:fs"; appendFileSync("hangs", "1");\n`;
      shop.write("part.ts", tell + hang);
      shop.write("hangs", "");
      const worker = shop.start(["worker", "-n", "2", ...flags]);
      await eventually("both hang", () => shop.read("hangs") === "11");
      shop.write("part.ts", "");
      await worker.says("models.loading", { reason: `${shop.file("part.ts")} has changed` });
      expect(await shop.becomes(id, "finished")).toMatchObject({ result: "1" });
      expect(worker.count("models.loading")).toBe(1);
    });
  }

  test(`a load that ${what} ends soon after its file was changed back, also by SIGHUP alone`, async () => {
    await using shop = siteOf(["models.ts", task("f", 1)]);
    const worker = await shop.worker(["-n", "1"], { detached: true });
    await loadsForEver(shop, hang, () => worker.kill("SIGHUP"));
    shop.write("models.ts", task("f", 1));
    await worker.says("models.loading", { reason: "they are as they were before" });
    await worker.says("models.loaded");
    expect(await resultOf(shop, "f")).toBe("1");
  });
}
