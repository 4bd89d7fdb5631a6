/** What others see of a round while it goes on: which run is under way, and which methods are quick. */
import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import { Model, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { Flush } from "../../src/sqlite/file/flush.ts";
import {
  errorOf,
  IS_POSTGRES,
  makeRuntime,
  onSqlite,
  refuseCommits,
  runSql,
} from "../model/support.ts";

class Note extends ModelSQL("note", { text: v.string() }) {}

class Step extends Model {
  declare static readonly __queue__: Queue<typeof Step>;
  static override readonly __name__ = "step";
  static tasks = { outside: { transaction: false } };
  static go: () => void = () => {};

  static quick(_steps: Step[], _args?: unknown) {}
  static outside(_steps: Step[]) {}
  static async wait(_steps: Step[]) {
    await new Promise<void>((resolve) => (Step.go = resolve));
  }
  static async waitAndPush(_steps: Step[]) {
    await new Promise<void>((resolve) => (Step.go = resolve));
    await Step.__queue__.quick([2]);
  }
  /** Runs this on the connection; what it throws is nobody's. */
  static async sql(_steps: Step[], text: string) {
    try {
      await runSql(text);
    } catch {
      // as careless as user code may be
    }
  }
  static made: Note[] = [];
  static async makeNote(_steps: Step[]) {
    Step.made = await Note.create([{ text: "mine" }]);
  }
  static async goBack(_steps: Step[]) {
    await runSql("SAVEPOINT mine");
    await runSql("ROLLBACK TO mine");
  }
  static readHalf(_steps: Step[]) {
    Transaction.current.database.query("SELECT 1 FROM tq__task").iterate().next();
  }
  static async push(_steps: Step[], _args?: unknown) {
    await Step.__queue__.quick([2]);
  }
  static async pushAndCommit(_steps: Step[]) {
    await Step.__queue__.quick([2]);
    await Transaction.current.commit();
  }
}

afterEach(() => mock.restore());

/** SQL that ends its transaction. */
const UNDONE = IS_POSTGRES ? "SELECT 1 / 0" : "INSERT OR ROLLBACK INTO tq__task (id) VALUES (1)";

const STEP = { model: "step", method: "quick" };

/** Which task runs while each commit is flushed. */
function runningAtFlushes({ progress }: ReturnType<typeof makeRuntime>): (number | null)[] {
  const seen: (number | null)[] = [];
  spyOn(Flush.prototype, "inForeground").mockImplementation(() => {
    seen.push(progress.running()?.id ?? null);
  });
  return seen;
}

onSqlite("PostgreSQL shows no commit before its flush").describe(
  "while its commit is flushed",
  () => {
    test("a run is over: nobody takes its end for a lost claim", async () => {
      await using tq = makeRuntime();
      const id = await Step.__queue__.quick([1]);
      const [first = 0] = id;
      const seen = runningAtFlushes(tq);
      expect(await tq.runTask(first)).toMatchObject({ state: "finished" });
      expect(seen.at(-1)).toBeNull();
    });

    test("the runs of a batch are over", async () => {
      await using tq = makeRuntime();
      for (let n = 0; n < 3; n++) await Step.__queue__.quick([1]);
      const seen = runningAtFlushes(tq);
      await tq.runBatch([1, 2, 3]);
      expect(seen.at(-1)).toBeNull();
    });

    test("a run that waits after all goes on when those before it are committed", async () => {
      await using tq = makeRuntime();
      await Step.__queue__.quick([1]);
      await Step.__queue__.wait([1]);
      const seen = runningAtFlushes(tq);
      const ended = tq.runBatch([1, 2]);
      while ((await tq.getTask(1)).state !== "finished") {
        await nextTurn();
      }
      expect(seen.at(-1)).toBe(2);
      expect(tq.progress.running()?.id).toBe(2);
      Step.go();
      await ended;
      expect(seen.at(-1)).toBeNull();
      expect(tq.progress.running()).toBeNull();
    });
  },
);

describe("a run that leaves a transaction behind which takes nothing more", () => {
  const ending = ["INSERT OR ROLLBACK INTO tq__task (id) VALUES (1)", "PRAGMA query_only = 1"];
  const onPostgres = [
    "SELECT 1 / 0",
    "SET TRANSACTION READ ONLY",
    "DO $$ BEGIN CREATE TABLE twice (n int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO twice VALUES (1), (1); END $$",
  ];
  test.each(IS_POSTGRES ? onPostgres : ending)(
    "is undone and tried again later, and holds up nobody: %s",
    async (sql) => {
      await using tq = makeRuntime();
      const [id = 0] = await Step.__queue__.sql([1], sql);
      expect(await tq.runTask(id)).toMatchObject({ state: "scheduled", attempts: 1 });
      const [other = 0] = await Step.__queue__.quick([1]);
      expect(await tq.runTask(other)).toMatchObject({ state: "finished" });
    },
  );
});

describe("what a run in a batch does to the connection", () => {
  const setting = IS_POSTGRES ? "SET work_mem = '1MB'" : "PRAGMA case_sensitive_like = 1";
  test.each(["CREATE TEMP TABLE work (x int)", setting])(
    "ends the batch, and reaches no run after it: %s",
    async (sql) => {
      await using tq = makeRuntime();
      const ids = [];
      for (const text of ["SELECT 1", sql, sql]) ids.push(...(await Step.__queue__.sql([1], text)));
      const ended = await tq.runBatch(ids);
      expect(ended.map(({ state }) => state)).toEqual(["finished", "finished", "ready"]);
      expect(tq.methods.of({ model: "step", method: "sql" }).isQuick).toBe(false);
    },
  );

  onSqlite("it uses SQLite's own connection").test(
    "is over with it, where it has read half",
    async () => {
      await using tq = makeRuntime();
      tq.sql("CREATE TABLE thing (a)");
      const ids = [...(await Step.__queue__.readHalf([1]))];
      ids.push(...(await Step.__queue__.sql([1], "DROP TABLE thing")));
      await tq.runBatch(ids);
      expect(tq.sql("SELECT name FROM sqlite_schema WHERE name = 'thing'")).toEqual([]);
    },
  );
});

test("a record of a run is its own, whatever a run after it in the batch goes back to", async () => {
  await using tq = makeRuntime();
  const ids = [...(await Step.__queue__.makeNote([1])), ...(await Step.__queue__.goBack([1]))];
  expect((await tq.runBatch(ids)).map(({ state }) => state)).toEqual(["finished", "finished"]);
  Object.assign(Step.made[0] ?? {}, { text: "changed" });
  await Transaction.start({}, async () => Step.made[0]?.save());
  expect(tq.sql("SELECT text FROM note")).toEqual([{ text: "changed" }]);
});

test("what a run has committed in the middle of a batch is told and counted, though the batch fails", async () => {
  await using tq = makeRuntime();
  const ids = [
    ...(await Step.__queue__.push([1])),
    ...(await Step.__queue__.pushAndCommit([1])),
    ...(await Step.__queue__.sql([1], UNDONE)),
  ];
  await errorOf(() => tq.runBatch(ids));
  expect((await tq.getTask(ids[0] ?? 0)).state).toBe("finished");
  expect(tq.eventsOf("task.finished").map(({ task }) => task)).toEqual(ids.slice(0, 1));
  expect(tq.progress.counted("finished")).toBe(1);
});

/** The next commit is refused, as by a full disk. */
function refuseOneCommit(): void {
  let isFirst = true;
  refuseCommits(() => isFirst && !(isFirst = false));
}

describe("a batch whose commit is refused", () => {
  test("leaves nothing behind of a run that was to go on alone: neither a lock nor what it does later", async () => {
    await using tq = makeRuntime();
    await Step.__queue__.quick([1]);
    await Step.__queue__.waitAndPush([1]);
    const error = await errorOf(() => tq.runBatch([1, 2], async () => refuseOneCommit()));
    expect(error.message).toBe("refused");
    Step.go();
    await nextTurn();
    expect(await Step.__queue__.quick([1])).toEqual([3]);
    expect((await tq.tasks()).map(({ state }) => state)).toEqual(["running", "running", "ready"]);
  });

  test("for the run that went on alone tells and counts the runs before it once", async () => {
    await using tq = makeRuntime();
    await Step.__queue__.quick([1]);
    await Step.__queue__.wait([1]);
    const failing = errorOf(() => tq.runBatch([1, 2]));
    while ((await tq.getTask(1)).state !== "finished") await nextTurn();
    using _refusals = refuseCommits(() => true);
    Step.go();
    expect((await failing).message).toBe("refused");
    expect(tq.eventsOf("task.finished").map(({ task }) => task)).toEqual([1]);
    expect(tq.progress.counted("finished")).toBe(1);
  });

  test("in the middle of a run ends there, and says nothing of the runs before it", async () => {
    await using tq = makeRuntime();
    await Step.__queue__.push([1]);
    await Step.__queue__.pushAndCommit([1]);
    await Step.__queue__.push([1]);
    const error = await errorOf(() => tq.runBatch([1, 2, 3], async () => refuseOneCommit()));
    expect(error.message).toContain("a commit of one of its runs was refused");
    const states = (await tq.tasks()).map(({ state }) => state);
    expect(states).toEqual(["running", "running", "running"]); // their thread gives them back
    expect(tq.eventsOf("task.finished")).toEqual([]);
  });
});

describe("a method is not quick", () => {
  test("that runs outside any transaction, however short it is", async () => {
    await using tq = makeRuntime();
    for (let n = 0; n < 25; n++) await Step.__queue__.outside([1]);
    await tq.runAll();
    expect(tq.methods.of({ model: "step", method: "outside" }).isQuick).toBe(false);
  });

  test("because its calls cannot be read", async () => {
    await using tq = makeRuntime();
    for (let n = 0; n < 25; n++) await Step.__queue__.quick([1]);
    tq.sql("UPDATE tq__task SET args = '{}'");
    const ended = await tq.runAll();
    expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["failed"]));
    expect(tq.methods.of(STEP).isQuick).toBe(false);
    for (let n = 0; n < 25; n++) await Step.__queue__.quick([1]);
    await tq.runAll();
    expect(tq.methods.of(STEP).isQuick).toBe(true);
  });

  test("whose arguments take long to read, before the batch begins or in it", async () => {
    await using tq = makeRuntime();
    const numbers = Array.from({ length: 100_000 * tq.store.traits.quickMs }, (_, n) => n);
    const pushes = Array.from({ length: 24 }, () => Step.__queue__.quick([1], numbers));
    const ids = (await Promise.all(pushes)).flat();
    const ended = await tq.runBatch(ids);
    expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["finished"]));
    expect(tq.methods.of(STEP).isQuick).toBe(false);
  });
});
