/**
 * A power cut, simulated: a program is traced, and at many moments its files are made again as they would be
 * if only what was flushed had reached the disk, or that and some of the rest.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../../cli/torture/random.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import { Disk, type Luck } from "../support/disk.ts";
import { needs } from "../support/needs.ts";
import { newTask } from "../support/store.ts";
import { type FileEvent, trace } from "../support/trace.ts";
import { TQ } from "./support/site.ts";

setDefaultTimeout(120_000);

const made: string[] = [];

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

const PUSHES = 200;

/** Without flushes everything is kept in mind, which takes its time. */
const FEW_PUSHES = 60;
const CARELESS_PUSHES = 40;
const WAITED = 3;

/** Flushes last so long that others see the commits, and could act on them. */
const slowly = (ms: number) => ["-e", `inject=fdatasync:delay_enter=${ms * 1_000}`];
const RUNS = 150;

/** Each push takes some pages, so that the WAL is written into the database now and then. */
const PUSHER = `
import { writeSync } from "node:fs";
import { push } from "tq";
for (let n = 1; n <= Number(process.argv[2]); n++) {
  await push({ model: "note", method: "write", instances: n, args: ["x".repeat(20_000)], ref: \`r\${n}\` });
  writeSync(1, \`+ \${n}\\n\`);
}
`;

/** Says that a task has finished when its push says so. The worker says nothing. */
const WAITING = `
"$1" worker --quiet &
worker=$!
for n in ${Array.from({ length: WAITED }, (_, index) => index + 1).join(" ")}; do
  "$1" push note write $n --args '["text"]' --wait > /dev/null && echo "+ $n"
done
kill $worker
wait $worker
`;

/**
 * Only the worker flushes its pushes; each begins when the one before has ended. It never writes the WAL into the
 * database: without a flush between, SQLite itself promises nothing after a power cut. The last connection that closes
 * does that too, and deletes the WAL, so this one closes before the worker's.
 */
const CARELESS = `
import { Database } from "bun:sqlite";
import { startWorker } from "tq";
const worker = await startWorker({ threads: 2 });
const db = new Database("tq.db");
db.run("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0");
for (let n = 1; n <= Number(process.argv[2]); n++) {
  db.run("INSERT INTO tq_push (model, method, instances) VALUES ('note', 'say', ?)", [n]);
  while (db.query("SELECT 1 FROM tq_tasks WHERE state <> 'finished'").get()) await Bun.sleep(1);
}
db.close();
await worker.stop();
`;

/** Its pushes begin the WAL, whose name SQLite leaves unflushed without flushes; it pushes no more. */
const CARELESS_FIRST = `
import { Database } from "bun:sqlite";
import { startWorker } from "tq";
const db = new Database("tq.db");
db.run("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0");
for (let n = 1; n <= ${WAITED}; n++) {
  db.run("INSERT INTO tq_push (model, method, instances) VALUES ('note', 'say', ?)", [n]);
}
const worker = await startWorker({ threads: 2 });
while (db.query("SELECT 1 FROM tq_tasks WHERE state <> 'finished'").get()) await Bun.sleep(1);
db.close();
await worker.stop();
`;

/** One method runs in batches, the others alone or at once. */
const MODELS = `
import { writeSync } from "node:fs";
import { currentTask, ModelSQL, v } from "tq";
export class Note extends ModelSQL("note", { task: v.number(), text: v.string() }) {
  static override async browse(ids) { return ids.map((id) => ({ id })); }
  static async write(note, text) {
    await Note.create([{ task: currentTask().id, text }]);
  }
  /** An effect outside the database, with the task's id as its key. */
  static say() {
    writeSync(1, \`+ \${currentTask().id}\\n\`);
  }
  static async writeLater(note, text) {
    await Bun.sleep(1);
    await Note.write(note, text);
  }
}
`;

needs("strace").describe("a power cut", () => {
  test("loses no acknowledged push and damages nothing", async () => {
    const folder = project("full");
    const events = await trace(folder, [TQ, "run", "pusher.ts", `${PUSHES}`]);
    expect(acknowledgements(events)).toHaveLength(PUSHES);
    const cuts = cutAll(new Disk(folder), events, lostPushes);
    expect(cuts.made).toBeGreaterThan(200);
    expect(cuts).toMatchObject({ lost: [], damaged: [] });
  });

  test('loses pushes with durability "normal" and damages nothing, so this test can fail', async () => {
    const folder = project("normal");
    const events = await trace(folder, [TQ, "run", "pusher.ts", `${FEW_PUSHES}`]);
    expect(acknowledgements(events)).toHaveLength(FEW_PUSHES);
    const { lost, damaged } = cutAll(new Disk(folder), events, lostPushes);
    expect(lost).not.toEqual([]);
    expect(damaged).toEqual([]);
  });

  test("never finds a task begun whose push is not on disk: its id would be given again", async () => {
    const folder = project("full");
    writeFileSync(join(folder, "careless.ts"), CARELESS);
    const command = [TQ, "run", "careless.ts", `${CARELESS_PUSHES}`];
    const events = await trace(folder, command, slowly(10));
    expect(acknowledgements(events).length).toBeGreaterThanOrEqual(CARELESS_PUSHES);
    expect(cutAll(new Disk(folder), events, lostTasks)).toMatchObject({ lost: [], damaged: [] });
  });

  test("never finds a task begun whose push began a WAL that has no name on disk", async () => {
    const folder = project("full");
    await pushRuns(folder, 0);
    const before = { "tq.db": readFileSync(join(folder, "tq.db")) };
    writeFileSync(join(folder, "careless.ts"), CARELESS_FIRST);
    const events = await trace(folder, [TQ, "run", "careless.ts"], slowly(10));
    expect(acknowledgements(events).length).toBeGreaterThanOrEqual(WAITED);
    const cuts = cutAll(new Disk(folder, before), events, lostTasks);
    expect(cuts).toMatchObject({ lost: [], damaged: [] });
  });

  test("finds a task finished whose push has waited for that", async () => {
    const folder = project("full");
    writeFileSync(join(folder, "wait.sh"), WAITING);
    const events = await trace(folder, ["sh", "wait.sh", TQ], slowly(200));
    expect(acknowledgements(events)).toHaveLength(WAITED);
    expect(cutAll(new Disk(folder), events, wrongRuns)).toMatchObject({ lost: [], damaged: [] });
  });

  test("leaves a task finished with its effect or neither; what was reported as finished stays so", async () => {
    const folder = project("full");
    await pushRuns(folder, RUNS);
    const before = { "tq.db": readFileSync(join(folder, "tq.db")) };
    const events = await trace(folder, [TQ, "worker", "--threads", "2", "--drain"]);
    expect(acknowledgements(events)).toHaveLength(RUNS);
    const cuts = cutAll(new Disk(folder, before), events, wrongRuns);
    expect(cuts.made).toBeGreaterThan(100);
    expect(cuts).toMatchObject({ lost: [], damaged: [] });
  });
});

function project(durability: "full" | "normal"): string {
  const folder = newFolder();
  writeFileSync(
    join(folder, "tq.toml"),
    `[database]\ndurability = "${durability}"\n[queue]\nworker = true\n[log]\nformat = "json"\n`,
  );
  writeFileSync(join(folder, "pusher.ts"), PUSHER);
  writeFileSync(join(folder, "models.ts"), MODELS);
  return folder;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tq-power-"));
  made.push(folder);
  return folder;
}

async function pushRuns(folder: string, count: number): Promise<void> {
  const store = new SqliteStore({ path: join(folder, "tq.db") });
  const task = newTask({ model: "note", args: '["text"]' });
  await store.push(
    Array.from({ length: count }, (_, index) => {
      const method = index % 50 < 40 ? "write" : "writeLater";
      return { ...task, method, instances: index + 1 };
    }),
  );
  await store.close();
}

/** What was said so far: `+ N`, or the log of a worker. */
function acknowledgements(events: readonly FileEvent[]): number[] {
  return events.flatMap((event) => (event.kind === "said" ? acknowledgedBy(event.text) : []));
}

function acknowledgedBy(text: string): number[] {
  const said = [...text.matchAll(/^\+ (\d+)$|"event":"task\.finished".*?"task":(\d+)/gm)];
  return said.map(([, pushed, finished]) => Number(pushed ?? finished));
}

interface Cuts {
  made: number;
  /** Sentences. */
  readonly lost: string[];
  readonly damaged: string[];
}

/** How often the power is cut after the loss of a file's content, each time with other luck. */
const CUTS_AFTER_A_LOSS = 8;

/**
 * Cuts the power after each acknowledgement, after each loss of a file's content, whose place something on disk must
 * have taken, and at some other moments.
 */
function cutAll(
  disk: Disk,
  events: readonly FileEvent[],
  wrong: (db: Database, acknowledged: readonly number[]) => string[],
): Cuts {
  const cuts: Cuts = { made: 0, lost: [], damaged: [] };
  const numbers = new Random(1);
  const random = () => numbers.next();
  const acknowledged: number[] = [];
  const cut = (luck: Luck, moment: FileEvent): void => {
    cuts.made += 1;
    const folder = newFolder();
    disk.writeTo(folder, luck, random);
    // SQLite's own recovery, by a plain connection, as any next program would open it.
    using db = new Database(join(folder, "tq.db"), { create: true, strict: true });
    const damage = damageOf(db);
    const lost = damage.length === 0 && acknowledged.length > 0 ? wrong(db, acknowledged) : [];
    cuts.damaged.push(...damage.map((what) => `${after(moment)}: ${what}`));
    cuts.lost.push(...lost.map((what) => `${after(moment)}: ${what}`));
    rmSync(folder, { recursive: true });
    made.pop();
  };
  for (const event of events) {
    disk.apply(event);
    const said = event.kind === "said" ? acknowledgedBy(event.text) : [];
    acknowledged.push(...said);
    if (said.length > 0) cut("none", event);
    if (disk.losesContent(event)) {
      for (let n = 0; n < CUTS_AFTER_A_LOSS; n++) cut("some", event);
    } else if (event.kind !== "said" && random() < 0.02) {
      cut(random() < 0.8 ? "some" : "all", event);
    }
  }
  return cuts;
}

function after(event: FileEvent): string {
  return `After ${event.kind} ${event.kind === "said" ? event.text.slice(0, 20).trim() : event.path}`;
}

function damageOf(db: Database): string[] {
  try {
    const lines = db.query("PRAGMA integrity_check").values().flat().map(String);
    return lines.filter((line) => line !== "ok");
  } catch (error) {
    return [String(error)];
  }
}

/** Empty where the power was cut before the tables were on disk. */
function tasksOnDisk(db: Database, column: "id" | "ref"): Set<unknown> {
  const isMade = db.query("SELECT 1 FROM sqlite_schema WHERE name = 'tq_tasks'").get() !== null;
  return new Set(isMade ? db.query(`SELECT ${column} FROM tq_tasks`).values().flat() : []);
}

function lostPushes(db: Database, acknowledged: readonly number[]): string[] {
  const there = tasksOnDisk(db, "ref");
  return acknowledged.filter((n) => !there.has(`r${n}`)).map((n) => `r${n} was acknowledged`);
}

function lostTasks(db: Database, begun: readonly number[]): string[] {
  const there = tasksOnDisk(db, "id");
  return begun.filter((id) => !there.has(id)).map((id) => `Task ${id} had begun`);
}

function wrongRuns(db: Database, acknowledged: readonly number[]): string[] {
  const sql = `
    SELECT id, state, (SELECT count(*) FROM note WHERE task = tq_tasks.id) AS effects FROM tq_tasks`;
  const rows = db.query(sql).all() as { id: number; state: string; effects: number }[];
  const reported = new Set(acknowledged);
  return rows
    .filter(
      ({ id, state, effects }) =>
        effects !== Number(state === "finished") || (reported.has(id) && state !== "finished"),
    )
    .map(({ id, state, effects }) => `Task ${id} is ${state} with ${effects} effects`);
}
