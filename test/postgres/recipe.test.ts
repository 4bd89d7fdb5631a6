/** "Two hosts in ten minutes" of docs/many-hosts.md, word for word, with two folders for the hosts. */
import { expect, setDefaultTimeout } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, Site, TQ } from "../integration/support/site.ts";
import { needs } from "../support/needs.ts";
import { makeEmpty } from "./empty.ts";

setDefaultTimeout(60_000);

/** The blocks of the section that are in this language. */
function blocks(language: string): string[] {
  const text = readFileSync(join(ROOT, "docs/many-hosts.md"), "utf8");
  const [, section = ""] = text.split("## Two hosts in ten minutes");
  const [recipe = ""] = section.split("A queue that is in a file already");
  return [...recipe.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(
    ([, block = ""]) => block.trim(),
  );
}

needs("postgres").test("the first steps on two hosts are as the documents say", async () => {
  await using empty = await makeEmpty();
  await using site = new Site();
  const [, init = "", start = "", push = "", ...others] = blocks("sh");
  const [settings = ""] = blocks("toml");
  expect(others).toEqual([]);
  /** Runs a line of the documents, without the variables that other tests have. */
  const run = (line: string, cwd: string) =>
    site.spawn(
      ["env", "-u", "TQ_QUEUE__WORKER", "sh", "-c", line.replaceAll(/\btq (?=[a-z])/g, `${TQ} `)],
      {
        cwd,
      },
    );
  const workers = [];
  for (const host of ["one", "two"]) {
    site.write(`${host}/.keep`, "");
    expect(await run(init, site.file(host)).ended()).toMatchObject({ code: 0 });
    const toml = settings.replace(/"postgresql:.*"/, JSON.stringify(empty.url));
    expect(toml).toContain(empty.url);
    site.write(`${host}/shop/tq.toml`, toml);
    const worker = run(`exec ${start}`, site.file(`${host}/shop`));
    await worker.says("worker.started");
    workers.push(worker);
  }
  expect(workers.map((worker) => worker.count("store.made"))).toEqual([1, 0]);
  expect(
    workers.flatMap(({ log }) => log.filter(({ level }) => level !== "info" && level !== "debug")),
  ).toEqual([]);
  const pushed = await run(push, site.file("two/shop")).ended();
  expect(pushed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1\n/) });
  const status = await run("tq status", site.file("one/shop")).ended();
  for (const { pid } of workers) expect(status.stdout).toContain(String(pid));
});
