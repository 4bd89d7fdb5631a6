/** Batches without savepoints, whose saves go to the server together: on a database where several write at the same time. */
import { describe, expect, test } from "bun:test";
import { currentTask, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { outputLine } from "../../src/store/task-output.ts";
import { errorOf, IS_POSTGRES, makeRuntime, runSql } from "../model/support.ts";

type Does = (item: Item, place: number) => unknown;

class Item extends ModelSQL("item", {
  n: v.optional(v.number()),
  text: v.optional(v.string()),
  size: v.optional(v.pipe(v.number(), v.integer())),
}) {
  declare static readonly __queue__: Queue<typeof Item>;

  /** The method does this, in the task at this place. */
  static does: Does = () => {};
  /** The places of the tasks, in the order of their runs. */
  static ran: number[] = [];
  static first = 0;

  async run() {
    const place = (currentTask()?.id ?? 0) - Item.first;
    Item.ran.push(place);
    return Item.does(this, place);
  }
}

const RUN = { model: "item", method: "run" };

type Runtime = ReturnType<typeof makeRuntime>;

/** Runs a batch of these items, whose rows are made before. @param makeTable SQL that makes the table first */
async function batchOf(
  tq: Runtime,
  items: readonly number[],
  does: Does,
  { makeTable, meanwhile }: { makeTable?: string; meanwhile?: () => Promise<unknown> } = {},
) {
  if (makeTable !== undefined) await Transaction.start({}, () => runSql(makeTable));
  const rows = Array.from({ length: Math.max(...items) }, () => ({ n: 0, text: "a", size: 1 }));
  await Transaction.start({}, () => Item.create(rows));
  const ids: number[] = [];
  for (const item of items) ids.push(...(await Item.__queue__.run([item])));
  Item.does = does;
  Item.ran = [];
  Item.first = ids[0] ?? 0;
  const tasks = await tq.runBatch(ids, meanwhile);
  return tasks.map(({ state, reason }) => (reason === null ? state : `${state}: ${reason}`));
}

function values(tq: Runtime): unknown[] {
  return tq.sql<{ n: number }>("SELECT n::float8 AS n FROM item ORDER BY id").map(({ n }) => n);
}

const save = async (item: Item, n: number) => {
  item.n = n;
  await item.save();
};

/** Ends the connections that have a transaction open. */
const END_OTHERS = `
  SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
   WHERE state LIKE 'idle in transaction%' AND datname = current_database() AND pid <> pg_backend_pid()`;

const FINISHED = ["finished", "finished", "finished"];

/** One transaction at a time writes on SQLite, where each save is sent at once. */
if (IS_POSTGRES) {
  describe("the saves of a batch", () => {
    test("are all there at its commit, each with what it has changed", async () => {
      await using tq = makeRuntime();
      const texts = ['q"{},\\', "NULL", "é\n"];
      const ended = await batchOf(tq, [1, 2, 3], async (item, place) => {
        if (place === 0) Object.assign(item, { n: 0.1, text: texts[0] });
        if (place === 1) Object.assign(item, { text: texts[1], size: -5 });
        if (place === 2) Object.assign(item, { n: 2 ** 53, text: texts[2], size: undefined });
        await item.save();
      });
      expect(ended).toEqual(FINISHED);
      expect(Item.ran).toEqual([0, 1, 2]);
      expect(tq.sql("SELECT n, text, size::float8 AS size FROM item ORDER BY id")).toEqual([
        { n: 0.1, text: texts[0], size: 1 },
        { n: 0, text: texts[1], size: -5 },
        { n: 2 ** 53, text: texts[2], size: null },
      ]);
    });

    test("are seen by what the same run reads afterwards, and by the runs after it", async () => {
      await using tq = makeRuntime();
      const seen: unknown[] = [];
      const ended = await batchOf(tq, [1, 1, 2], async (item, place) => {
        seen.push(item.n);
        if (place === 2) return void seen.push((await Item.browse([1]))[0]?.n);
        await save(item, (item.n ?? 0) + 1);
        const found = await Item.search([["n", "=", item.n]]);
        seen.push(found.map(({ id }) => id));
        await save(item, (item.n ?? 0) + 10);
      });
      expect(ended).toEqual(FINISHED);
      expect(seen).toEqual([0, [1], 11, [1], 0, 22]);
      expect(values(tq)).toEqual([22, 0]);
    });

    test("are seen by SQL, locks, creates and deletes of the runs", async () => {
      await using tq = makeRuntime();
      const ended = await batchOf(tq, [1, 2, 3], async (item, place) => {
        await save(item, 5);
        if (place === 0) await Transaction.current.sql`UPDATE item SET n = n + 1 WHERE n = 5`;
        if (place === 1) await Item.lock([item]);
        if (place === 1) await save(item, (item.n ?? 0) + 2);
        if (place === 2) await item.delete();
        if (place === 2) await Item.create([{ n: 9 }]);
      });
      expect(ended).toEqual(FINISHED);
      expect(values(tq)).toEqual([6, 7, 9]);
    });

    test("of one record through two objects conflict in the run itself, which runs again, as alone", async () => {
      await using tq = makeRuntime();
      const ended = await batchOf(tq, [1, 2], async (item, place) => {
        if (place === 1) return;
        class Twin extends ModelSQL("item", { n: v.optional(v.number()) }) {}
        const [twin] = await Twin.browse([1]);
        await save(item, 5);
        Object.assign(twin ?? {}, { n: 6 });
        await twin?.save();
      });
      expect(ended).toEqual(["ready", "ready"]);
      expect(values(tq)).toEqual([0, 0]);
    });

    test("commit in the middle of a run, with those of the runs before it", async () => {
      await using tq = makeRuntime();
      const ended = await batchOf(tq, [1, 2, 3], async (item, place) => {
        await save(item, 5);
        if (place !== 1) return;
        await Transaction.current.commit();
        expect(values(tq)).toEqual([5, 5, 0]);
        await save(item, 6);
        throw new Error("Late");
      });
      expect(ended).toEqual(["finished", "failed: Error: Late", "finished"]);
      expect(values(tq)).toEqual([5, 5, 5]);
      expect(Item.ran).toEqual([0, 1, 2]);
    });
  });

  describe("a batch without savepoints", () => {
    test("is undone where another transaction has changed a record meanwhile, and runs again at once", async () => {
      await using tq = makeRuntime();
      const ended = await batchOf(tq, [1, 2, 3], async (item) => {
        if (Item.ran.length === 3) tq.sql("UPDATE item SET n = 7 WHERE id = 2");
        await save(item, (item.n ?? 0) + 1);
      });
      expect(ended).toEqual(FINISHED);
      expect(Item.ran).toEqual([0, 1, 2, 0, 1, 2]);
      expect(values(tq)).toEqual([1, 8, 1]);
      expect(tq.methods.of(RUN).isTrusted).toBe(false);
    });

    test("is undone where a run that has saved fails: that one fails alone", async () => {
      await using tq = makeRuntime();
      const ended = await batchOf(tq, [1, 2, 3], async (item, place) => {
        await save(item, 5);
        if (place === 1) throw new Error("Bad");
      });
      expect(ended).toEqual(["finished", "failed: Error: Bad", "finished"]);
      expect(values(tq)).toEqual([5, 0, 5]);
      expect(Item.ran).toEqual([0, 1, 0, 1, 2]);
      expect((await tq.tasks()).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
    });

    test("goes on where a run fails that has saved nothing", async () => {
      await using tq = makeRuntime();
      const ended = await batchOf(tq, [1, 2, 3], async (item, place) => {
        if (place === 1) throw new Error("Bad");
        await save(item, 5);
      });
      expect(ended).toEqual(["finished", "failed: Error: Bad", "finished"]);
      expect(Item.ran).toEqual([0, 1, 2]);
    });

    test("has a run meet what rules of its table refuse, so that it may go on", async () => {
      await using tq = makeRuntime();
      const columns = "id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, n double precision";
      const makeTable = `CREATE TABLE item (${columns} CHECK (n < 9), text text, size bigint)`;
      const ended = await batchOf(
        tq,
        [1, 2, 3],
        async (item, place) => {
          if (place === 0) return save(item, 1);
          const error = await errorOf(save(item, 9));
          expect(error.message).toContain("violates check constraint");
          if (place === 1) await save(item, 2);
          else throw new Error("It is too much");
        },
        { makeTable },
      );
      expect(ended).toEqual(["finished", "finished", "failed: Error: It is too much"]);
      expect(values(tq)).toEqual([1, 2, 0]);
    });

    test("is undone where rules refuse a save that its table has got since", async () => {
      await using tq = makeRuntime();
      const meanwhile = async () => tq.sql("ALTER TABLE item ADD CHECK (n < 9)");
      const saves: Does = (item, place) => save(item, place === 1 ? 9 : 5);
      const ended = await batchOf(tq, [1, 2, 3], saves, { meanwhile });
      expect(ended[0]).toBe("finished");
      expect(ended[1]).toContain("violates check constraint");
      expect(ended[2]).toBe("finished");
      expect(values(tq)).toEqual([5, 0, 5]);
    });

    test("keeps what the user's own triggers make of a save", async () => {
      await using tq = makeRuntime();
      const ended = await batchOf(
        tq,
        [1, 2],
        async (item) => {
          await save(item, 5);
          const [row] = await Item.browse([item.id]);
          await save(item, (row?.n ?? 0) + 1);
        },
        {
          meanwhile: async () => {
            tq.sql(
              "CREATE FUNCTION doubles() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := NEW.n * 2; RETURN NEW; END'",
            );
            tq.sql(
              "CREATE TRIGGER doubles BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION doubles()",
            );
          },
        },
      );
      expect(ended).toEqual(["finished", "finished"]);
      expect(values(tq)).toEqual([22, 22]);
    });

    test("keeps what each of its runs has said, behind what an interrupted run has said before", async () => {
      await using tq = makeRuntime();
      const says: Does = (_, place) => currentTask()?.log(`at ${place}`);
      const meanwhile = () =>
        tq.store.write((session) =>
          session.keepOutput(
            Item.first + 1,
            1,
            outputLine({ at: 1, level: "info", text: "before" }),
          ),
        );
      expect(await batchOf(tq, [1, 2, 3], says, { meanwhile })).toEqual(FINISHED);
      const said = [];
      for (const place of [0, 1, 2]) {
        const [output] = await tq.store.output(Item.first + place);
        said.push(output?.lines.map(({ text }) => text));
      }
      expect(said).toEqual([["at 0"], ["before", "at 1"], ["at 2"]]);
    });

    test("keeps nothing where its connection is lost before its saves are sent", async () => {
      await using tq = makeRuntime();
      const saves: Does = async (item, place) => {
        await save(item, (item.n ?? 0) + 1);
        if (place === 2 && Item.ran.length === 3) tq.sql(END_OTHERS);
      };
      const error = await errorOf(batchOf(tq, [1, 2, 3], saves));
      expect(error).toMatchObject({ code: "uncertain" });
      expect(values(tq)).toEqual([0, 0, 0]);
      const states = (await tq.tasks()).map(({ state }) => state);
      expect(states).toEqual(["running", "running", "running"]); // their thread gives them back
    });

    test("leaves out a run that has lost its claim, and tells of it", async () => {
      await using tq = makeRuntime();
      let cancelled = 0;
      const ended = await batchOf(tq, [1, 2, 3], async (item, place) => {
        await save(item, 5);
        if (place !== 1) return;
        cancelled = currentTask()?.id ?? 0;
        await tq.store.write((session) => session.cancel(cancelled));
      });
      expect(ended[0]).toBe("finished");
      expect(ended[1]).toContain("cancelled");
      expect(ended[2]).toBe("finished");
      expect(Item.ran).toEqual([0, 1, 0, 2]);
      expect(values(tq)).toEqual([5, 0, 5]);
      expect(tq.eventsOf("task.late").map(({ task }) => task)).toEqual([cancelled]);
    });
  });
}
