/** What docs/trouble.md says to do saves the tasks of a damaged database. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { cpSync, mkdirSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { connect } from "../../support/connect.ts";
import { SNIPPETS } from "../../readme/snippets.ts";
import { needs } from "../../support/needs.ts";
import { Database } from "bun:sqlite";
import { siteWithModels } from "../support/models.ts";
import { pushKeys, type Site, TQ } from "../support/site.ts";

setDefaultTimeout(60_000);

const MARK = "not run: a test of the damage runs it";
const [COPIES = "", DUMP = "", ROWS = "", FIRST_BYTES = "", FIRST_PAGE = ""] = SNIPPETS.filter(
  ({ document, mark }) => document === "docs/trouble.md" && mark === MARK,
).map(({ text }) => text);

interface Count {
  readonly state: string;
  readonly count: number;
}

/** A site without its worker, with 300 tasks that have run and 200 that wait. */
async function stoppedSite({ log }: { log: boolean }): Promise<Site> {
  const site = siteWithModels();
  site.write("tq.toml", `[database]\npath = "queue/tq.db"\n`);
  mkdirSync(site.file("queue"));
  await site.push("job", "add", "1");
  const db = connect(site.file("queue/tq.db"));
  pushKeys(db, 2, 299);
  const { code } = await site.run("worker", "--drain");
  expect(code).toBe(0);
  pushKeys(db, 2_000, 200);
  if (!log) db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  // What lies there while a program has it open is what one that was killed leaves.
  mkdirSync(site.file("killed"));
  for (const name of log ? ["tq.db", "tq.db-wal"] : ["tq.db"]) {
    cpSync(site.file(`queue/${name}`), site.file(`killed/${name}`));
  }
  db.close();
  rmSync(site.file("queue"), { recursive: true });
  cpSync(site.file("killed"), site.file("queue"), { recursive: true });
  return site;
}

/** Puts a copy into the place of the database, as the document for backups says. */
function restoreFromCopy(site: Site): void {
  const path = site.file("queue/tq.db");
  const db = connect(path);
  db.run("VACUUM INTO ?", [`${path}-copy`]);
  db.close();
  renameSync(`${path}-copy`, path);
}

/** Runs commands of the document in the folder of the site, as a shell does that goes on after an error. */
async function follow(site: Site, text: string): Promise<void> {
  const path = `${dirname(TQ)}:${process.env["PATH"]}`;
  await site.spawn(["sh", "-c", text], { env: { PATH: path } }).ended();
}

/** @param at how many times that size lie before it. */
function overwrite(site: Site, bytes: number, at = 0): void {
  const file = site.file("queue/tq.db");
  const line = `dd if=/dev/zero of=${file} bs=${bytes} seek=${at} count=1 conv=notrunc`;
  const { exitCode } = Bun.spawnSync(line.split(" "));
  expect(exitCode).toBe(0);
}

const PAGE = `
  SELECT pageno FROM dbstat WHERE name = 'tq__task' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 2`;

/** The number of a page that has tasks, and lies between others that have. */
function pageOfTasks(site: Site): number {
  const { stdout } = Bun.spawnSync(["sqlite3", "-readonly", site.file("queue/tq.db"), PAGE]);
  return Number(stdout.toString());
}

function savedTasks(site: Site): Count[] {
  using db = new Database(site.file("saving/saved.db"), { readonly: true });
  return db
    .query("SELECT state, count(*) AS count FROM tq_tasks GROUP BY state ORDER BY state")
    .all() as Count[];
}

function countOf(counts: readonly Count[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

const ALL = [
  { state: "finished", count: 300 },
  { state: "ready", count: 200 },
];

describe("the recipe for a damaged database", () => {
  for (const bytes of [16, 100]) {
    needs("sqlite3").test(
      `saves every task where the log is there and ${bytes} bytes are gone`,
      async () => {
        await using site = await stoppedSite({ log: true });
        overwrite(site, bytes);
        await follow(site, COPIES + FIRST_BYTES + DUMP);
        expect(savedTasks(site)).toEqual(ALL);
      },
    );

    needs("sqlite3").test(`saves every task where the first ${bytes} bytes are gone`, async () => {
      await using site = await stoppedSite({ log: false });
      overwrite(site, bytes);
      await follow(site, COPIES + FIRST_BYTES + DUMP);
      expect(savedTasks(site)).toEqual(ALL);
    });
  }

  needs("sqlite3").test("saves every task where the first page is gone", async () => {
    await using site = await stoppedSite({ log: false });
    overwrite(site, 4096);
    await follow(site, COPIES + FIRST_PAGE + DUMP);
    expect(savedTasks(site)).toEqual(ALL);
  });

  needs("sqlite3").test(
    "saves every task of a restored copy whose first page is gone",
    async () => {
      await using site = await stoppedSite({ log: false });
      restoreFromCopy(site);
      overwrite(site, 4096);
      const likeCopy = FIRST_PAGE.replace("\n", "\nsqlite3 saving/fresh.db VACUUM\n");
      await follow(site, COPIES + likeCopy + DUMP);
      expect(savedTasks(site)).toEqual(ALL);
    },
  );

  needs("sqlite3").test("saves the tasks beyond a damaged place one by one", async () => {
    await using site = await stoppedSite({ log: false });
    overwrite(site, 4096, pageOfTasks(site) - 1);
    await follow(site, COPIES + DUMP);
    const dumped = countOf(savedTasks(site));
    expect(site.read("saving/dump.sql")).toContain("ERROR");
    await follow(site, ROWS);
    const saved = countOf(savedTasks(site));
    expect(saved).toBeGreaterThanOrEqual(dumped);
    expect(saved).toBeGreaterThan(400);
    expect(saved).toBeLessThan(500);
  });

  needs("sqlite3").test("saves what is left where the end of the file is cut off", async () => {
    await using site = await stoppedSite({ log: false });
    const file = site.file("queue/tq.db");
    truncateSync(file, Math.floor((statSync(file).size * 0.9) / 4096) * 4096);
    await follow(site, COPIES + FIRST_BYTES + DUMP);
    const saved = countOf(savedTasks(site));
    expect(saved).toBeGreaterThan(50);
    expect(saved).toBeLessThan(500);
  });
});
