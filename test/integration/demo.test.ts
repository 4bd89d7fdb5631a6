/** The demo, through the executable: a real folder is archived, and the numbers are counted here again. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expectRow, fill, MAIN, Office } from "./office.ts";
import { ROOT } from "./support/site.ts";

setDefaultTimeout(60_000);

test("every file is counted, read, hashed and found; what cannot be read is there with its reason", async () => {
  using office = new Office();
  fill(office);
  const { code, text } = await office.demo("--search", "walrus invoice", "--batch", "3");
  expect(text).toContain("Checked: find lists 11 files, and the archive has the same paths");
  expect(code).toBe(0);
  expect(text).toContain("11 new, 0 changed, 0 known, 0 gone");
  expect(text).toContain("2 symbolic links not followed");
  expect(text).toContain("1 socket, pipe or device left alone");
  expect(text).toContain("Pushed 4 tasks");
  expectRow(text, "plain", 6, "75 bytes", 12);
  expectRow(text, "Markdown", 1, "28 bytes", 5);
  expectRow(text, "HTML", 1, "42 bytes", 2);
  expectRow(text, "JSON", 1, "12 bytes", 4);
  expectRow(text, "binary: NUL bytes", 1, "1.0 kB", "");
  expectRow(text, "binary: not UTF-8", 1, "4 bytes", "");
  expect(text).toMatch(/Search for "walrus invoice": 1 document\n {2}letter\.md\n {4}.*«walrus»/);

  const documents = office.documents();
  for (const name of ["plain.txt", "sub/data.json", "zeros.bin", "new\nline.txt", "😀.txt"]) {
    const hash = new Bun.CryptoHasher("sha256").update(readFileSync(office.at(name))).digest("hex");
    expect(documents.get(name)?.hash).toBe(hash);
  }
  expect(documents.get("wide.txt")?.words).toBe(4);
});

test("a second run reads nothing; then what changed is read, and what is gone leaves the archive", async () => {
  using office = new Office();
  fill(office);
  await office.demo();
  const second = await office.demo("--search", "two");
  expect(second.text).toContain("0 new, 0 changed, 11 known, 0 gone");
  expect(second.text).not.toContain("Pushed");
  expect(second.text).toContain('Search for "two": 2 documents');

  office.write("plain.txt", "only this now");
  office.write("added.txt", "two");
  rmSync(office.at("sub/page.html"));
  const third = await office.demo("--search", "two");
  expect(third.text).toContain("1 new, 1 changed, 9 known, 1 gone");
  expect(third.text).toContain('Search for "two": 1 document\n  added.txt');
  expect(third.text).toContain("Checked: find lists 11 files");
  expect(third.code).toBe(0);
});

test("files that vanish or change between the walk and the task are stored as they are then", async () => {
  using office = new Office();
  const config = ["-c", join(ROOT, "examples/archive/tq.toml"), "-d", office.database];
  for (const name of ["stays", "vanishes", "changes", "folder"]) office.write(name, "before");
  await office.tq("run", ...config, join(ROOT, "examples/archive/scan.ts"), office.files, "2");
  rmSync(office.at("vanishes"));
  rmSync(office.at("folder"));
  mkdirSync(office.at("folder"));
  office.write("changes", "three words now");
  const worker = await office.tq("worker", ...config, "--drain");
  expect(worker.code).toBe(0);
  const found = Array.from(office.documents(), ([name, row]) => [
    name,
    row.state,
    row.detail,
    row.words,
  ]);
  expect(found).toEqual([
    ["changes", "text", "plain", 3],
    ["folder", "unreadable", "no longer a file", null],
    ["stays", "text", "plain", 1],
    ["vanishes", "unreadable", "vanished before it was read", null],
  ]);
  const { text } = await office.demo();
  expect(text).toContain("0 new, 0 changed, 2 known, 2 gone");
});

test("a killed run is gone on with: nothing is pushed twice, nothing is missing", async () => {
  using office = new Office();
  for (let number = 0; number < 300; number++) office.write(`${number}.txt`, `word${number} same`);
  const first = office.start(
    "run",
    MAIN,
    office.files,
    "--archive",
    office.archive,
    "--batch",
    "5",
  );
  await seen(first.stdout, "Pushed 60 tasks");
  first.kill("SIGKILL");
  await first.exited;

  const { code, text } = await office.demo("--search", "same");
  expect(text).toContain("0 new, 0 changed");
  expect(text).not.toContain("Pushed");
  expect(text).toContain("Checked: find lists 300 files");
  expect(code).toBe(0);
  expect(office.all("SELECT state, count(*) AS tasks FROM tq_tasks GROUP BY state")).toEqual([
    { state: "finished", tasks: 60 },
  ]);
  expect(text).toContain('Search for "same": 300 documents');
});

test("the archive is removed at the end, and the demo says where it was and how to keep it", async () => {
  using office = new Office();
  office.write("a.txt", "hello world");
  const { code, text } = await office.demoAnywhere();
  expect(text).toMatch(/^Removed the archive, \d+ kB in (\S+); --keep leaves it there$/m);
  expect(text).toContain('Search for "hello world": 1 document');
  expect(office.left()).toEqual([]);
  expect(code).toBe(0);
});

test("with --keep the archive stays, and the demo says where; the next run finds it and leaves it too", async () => {
  using office = new Office();
  office.write("a.txt", "one");
  const kept = await office.demoAnywhere("--keep");
  const place = /^The archive stays in (\S+): \d+ kB$/m.exec(kept.text)?.[1] ?? "";
  expect(readdirSync(place)).toContain("archive.db");
  const next = await office.demoAnywhere();
  expect(next.text).toContain("0 new, 0 changed, 1 known, 0 gone");
  expect(next.text).toContain(`The archive stays in ${place}`);
  expect(readdirSync(place)).toContain("archive.db");
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "a demo that %s stops ends with %d, and removes its archive too",
  async (signal, status) => {
    using office = new Office();
    for (let number = 0; number < 3_000; number++) office.write(`${number}.txt`, `word${number}`);
    const child = office.start("run", MAIN, office.files, "--batch", "1");
    const text = new Response(child.stdout).text();
    while (!office.left().some((name) => name.endsWith("archive.db"))) await Bun.sleep(5);
    child.kill(signal);
    expect(await child.exited).toBe(status);
    expect(await text).toContain("Removed the archive");
    expect(office.left()).toEqual([]);
  },
);

test("after a failure the archive stays for a look", async () => {
  using office = new Office();
  office.write("a.txt", "a");
  office.pretend("find", "true");
  const { code, text } = await office.demoAnywhere();
  expect(text).toContain("The archive stays in ");
  expect(office.left().some((name) => name.endsWith("archive.db"))).toBe(true);
  expect(code).toBe(1);
});

async function seen(stream: ReadableStream<Uint8Array>, words: string): Promise<void> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    if (text.includes(words)) return;
  }
  throw new Error(`${words} was never printed, only: ${text}`);
}

test("a count that differs is said, with the paths, and the exit status is 1", async () => {
  using office = new Office();
  office.write("a.txt", "a");
  office.pretend("find", `printf '%s/b.txt\\0%s/c.txt\\0' "$1" "$1"`);
  const { code, text } = await office.demo();
  expect(text).toContain(
    "find lists 2 files: 2 not in the archive, 1 only in the archive\n  b.txt\n  c.txt",
  );
  expect(code).toBe(1);
});

test("what cannot be done is a sentence, and nothing is archived", async () => {
  using office = new Office();
  office.write("a.txt", "a");
  const refused = async (...args: string[]) => {
    const { code, text } = await office.tq("run", MAIN, ...args);
    return `${code}: ${text}`;
  };
  expect(await refused(office.at("missing"))).toContain("2: Cannot archive");
  expect(await refused(office.at("a.txt"))).toContain("it is not a folder");
  expect(await refused(office.files, "--archive", office.at("in"))).toContain(
    "would archive itself",
  );
  expect(await refused(office.files, "--batch", "0")).toContain("--batch cannot be 0");
  expect(await refused(office.files, "--serch", "x")).toContain("2: Unknown option '--serch'");

  await office.demo();
  const other = join(office.archive, "..", "other");
  mkdirSync(other);
  const stranger = await refused(other, "--archive", office.archive);
  expect(stranger).toContain("the archive has files of another folder");
  expect(office.documents().size).toBe(1);
});
