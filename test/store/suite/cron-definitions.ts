/** The definitions of recurring tasks from several sources, and what becomes of two with one name. */
import { describe, expect, test } from "bun:test";
import type { CronSource } from "../../../src/cron/ledger.ts";
import { clock, register, store } from "./subject.ts";

const DAILY = '{"schedule":"@daily","task":"night.run"}';
const HOUR = 3_600_000;
const WEEKLY = '{"schedule":"@weekly","task":"night.run"}';

function from(origin: string, more: Partial<CronSource> = {}): CronSource {
  return { origin, definitions: [{ name: "nightly", definition: DAILY }], ...more };
}

async function row() {
  const found = (await store.cron.rows()).find(({ name }) => name === "nightly");
  if (!found) throw new Error("There is no row");
  return found;
}

export function cronDefinitionTests(): void {
  describe("of two definitions with one name", () => {
    test("the first stays in force while a worker has its file, however often the other comes", async () => {
      await register("w1");
      await register("w2");
      const other = from("/b/tq.toml", {
        worker: "w2",
        definitions: [{ name: "nightly", definition: WEEKLY }],
      });
      await store.cron.define(from("/a/tq.toml", { worker: "w1" }));
      const before = await row();
      for (let time = 0; time < 3; time++) {
        clock.advance(1_000);
        expect(await store.cron.define(other)).toEqual({ changed: [], removed: [] });
        expect(await row()).toEqual({ ...before, others: ["/b/tq.toml"] });
      }
    });

    test("the other takes the name once the worker has gone, and goes on where that was", async () => {
      await register("w1");
      await register("w2");
      await store.cron.define(from("/a/tq.toml", { worker: "w1" }));
      await store.unregister("w1");
      const { decidedUntil } = await row();
      expect(await row()).toMatchObject({ held: false });
      clock.advance(1_000);
      const definitions = [{ name: "nightly", definition: WEEKLY }];
      const { changed } = await store.cron.define(
        from("/b/tq.toml", { worker: "w2", definitions }),
      );
      expect(changed).toEqual(["nightly"]);
      expect(await row()).toMatchObject({
        origin: "/b/tq.toml",
        held: true,
        others: [],
        decidedUntil,
        former: [{ schedule: "@daily", zone: null, until: clock.now() }],
      });
    });

    test("one that says the same is not named beside it, nor one without the models that it needs", async () => {
      for (const id of ["w1", "w2", "w3"]) await register(id);
      const weekly = { definitions: [{ name: "nightly", definition: WEEKLY }] };
      await store.cron.define(from("/a/tq.toml", { worker: "w1" }));
      await store.cron.define(from("/b/tq.toml", { worker: "w2" }));
      await store.cron.define(
        from("/c/tq.toml", { worker: "w3", ...weekly, foreign: ["nightly"] }),
      );
      expect(await row()).toMatchObject({ origin: "/a/tq.toml", others: [] });
      await store.cron.define(from("/b/tq.toml", { worker: "w2", ...weekly }));
      expect(await row()).toMatchObject({ others: ["/b/tq.toml"] });
    });

    test("the same one from another folder, as of a new release, goes on and moves no time", async () => {
      await register("w1");
      await store.cron.define(from("/releases/1/tq.toml", { worker: "w1" }));
      const before = await row();
      await store.unregister("w1");
      clock.advance(5_000);
      await register("w2");
      const changes = await store.cron.define(from("/releases/2/tq.toml", { worker: "w2" }));
      expect(changes).toEqual({ changed: [], removed: [] });
      const heldSince = clock.now();
      expect(await row()).toEqual({ ...before, heldSince, origin: "/releases/2/tq.toml" });
    });

    test("is held since its worker came, also where the one before was killed, and another lives", async () => {
      await register("w1");
      await register("w2");
      await store.cron.define(from("/a/tq.toml", { worker: "w1" }));
      const first = clock.now();
      clock.advance(5_000);
      await store.cron.define(from("/a/tq.toml", { worker: "w2" }));
      expect(await row()).toMatchObject({ heldSince: first });
      await store.unregister("w1");
      await store.unregister("w2");
      clock.advance(5_000);
      await register("w3");
      await store.cron.define(from("/a/tq.toml", { worker: "w3" }));
      expect(await row()).toMatchObject({ heldSince: clock.now() });
    });

    test("tq.toml wins over a model, and that has the name again when tq.toml lets it go", async () => {
      await register("w1");
      await register("w2");
      const model = from("/models.ts", { kind: "model", worker: "w1" });
      await store.cron.define(model);
      await store.cron.define(from("/tq.toml", { worker: "w2" }));
      expect(await row()).toMatchObject({ origin: "/tq.toml", kind: "settings" });
      await store.cron.define(model);
      expect(await row()).toMatchObject({ origin: "/tq.toml" });
      await store.cron.define(
        from("/tq.toml", { worker: "w2", definitions: [] }),
        from("/other.ts", { kind: "model", worker: "w2", isPart: true, definitions: [] }),
      );
      expect(await row()).toMatchObject({ removedAt: clock.now() });
      await store.cron.define({ ...model, isPart: true });
      expect(await row()).toMatchObject({ origin: "/models.ts", kind: "model", removedAt: null });
    });

    test("one of the database stays, with no worker at all", async () => {
      await register("w1");
      await store.cron.define(from("database"));
      await store.cron.define(from("/a/tq.toml", { worker: "w1" }));
      expect(await row()).toMatchObject({ origin: "database", held: true });
    });

    test("any other wins over one of tq itself, which needs no worker", async () => {
      await register("w1");
      await store.cron.define(from("tq"));
      expect(await row()).toMatchObject({ kind: "tq", held: true });
      await store.cron.define(from("/a/tq.toml", { worker: "w1" }));
      expect(await row()).toMatchObject({ kind: "settings" });
      await store.cron.define(from("tq"));
      expect(await row()).toMatchObject({ kind: "settings" });
      await store.unregister("w1");
      await store.cron.define(from("tq"));
      expect(await row()).toMatchObject({ kind: "tq" });
    });

    test("a name that moves from tq.toml to a model of the same worker stays in force", async () => {
      await register("w1");
      await store.cron.define(from("/tq.toml", { worker: "w1" }));
      clock.advance(1_000);
      const changes = await store.cron.define(
        from("/tq.toml", { worker: "w1", definitions: [] }),
        from("/models.ts", { kind: "model", worker: "w1", isPart: true }),
      );
      expect(changes).toEqual({ changed: [], removed: [] });
      expect(await row()).toMatchObject({ origin: "/models.ts", removedAt: null });
    });
  });

  test("of two workers with one file the one that has its models says what is in force", async () => {
    await register("w1");
    await register("w2");
    const foreign = ["nightly"];
    const weekly = { definitions: [{ name: "nightly", definition: WEEKLY }], foreign };
    await store.cron.define(from("/tq.toml", { worker: "w2", ...weekly }));
    expect(await row()).toMatchObject({ definition: WEEKLY, isUnknown: true });
    await store.cron.define(from("/tq.toml", { worker: "w1" }));
    expect(await row()).toMatchObject({ definition: DAILY, isUnknown: false });
    const before = await row();
    clock.advance(1_000);
    const none = { changed: [], removed: [] };
    expect(await store.cron.define(from("/tq.toml", { worker: "w2", ...weekly }))).toEqual(none);
    const without = from("/tq.toml", { worker: "w2", definitions: [], foreign });
    expect(await store.cron.define(without)).toEqual(none);
    expect(await row()).toEqual(before);
  });

  test("of two hosts with files of one path the one that has the models says what is in force", async () => {
    await register("w1");
    await register("w2");
    const weekly = [{ name: "nightly", definition: WEEKLY }];
    const foreign = { worker: "w1", definitions: weekly, foreign: ["nightly"] };
    await store.cron.define(from("a:/tq.toml", foreign));
    await store.cron.define(from("b:/tq.toml", { worker: "w2" }));
    expect(await row()).toMatchObject({ origin: "b:/tq.toml", definition: DAILY });
    await store.cron.define(from("a:/tq.toml", { ...foreign, foreign: [] }));
    expect(await row()).toMatchObject({ origin: "b:/tq.toml", definition: DAILY });
  });

  test("a part of a source removes nothing", async () => {
    await store.cron.define(from("/tq.toml"));
    const definitions = [{ name: "weekly", definition: WEEKLY }];
    await store.cron.define(from("/tq.toml", { isPart: true, definitions }));
    expect(await row()).toMatchObject({ removedAt: null });
  });

  test("what is removed is told once, with its file", async () => {
    await store.cron.define(from("/tq.toml"));
    const none = from("/tq.toml", { definitions: [] });
    const removed = [{ name: "nightly", origin: "/tq.toml" }];
    expect(await store.cron.define(none)).toEqual({ changed: [], removed });
    expect((await store.cron.define(none)).removed).toEqual([]);
  });

  describe("what tq itself does at a slot", () => {
    const start = (slot: number, worker: string) =>
      store.cron.decide(
        "nightly",
        () => ({
          slots: [{ slot, outcome: "started", reason: null, task: null }],
          decidedUntil: slot,
        }),
        { worker },
      );

    async function working(): Promise<string | null> {
      const seen: (string | null)[] = [];
      await store.cron.decide("nightly", (state) => (seen.push(state.working), null));
      return seen[0] ?? null;
    }

    test("is under way until its worker ends it, and is no task", async () => {
      await register("w1");
      await store.cron.define(from("tq"));
      const slot = clock.now() + 1;
      await start(slot, "w1");
      expect(await working()).toBe("w1");
      await store.cron.end("nightly", slot, "done", "deleted 5 tasks");
      expect(await working()).toBeNull();
      expect(await store.cron.slots("nightly", 1)).toMatchObject([
        { slot, outcome: "done", reason: "deleted 5 tasks", task: null },
      ]);
      expect(await store.list()).toEqual([]);
    });

    test("is not under way any more once its worker is gone", async () => {
      await register("w1");
      await store.cron.define(from("tq"));
      await start(clock.now() + 1, "w1");
      await store.unregister("w1");
      expect(await working()).toBeNull();
    });
  });

  describe("a recurring task that was taken away", () => {
    const file = "/a/tq.toml";
    const hourly = '{"schedule":"every 1h","task":"night.run"}';
    const source = from(file, { definitions: [{ name: "nightly", definition: hourly }] });

    async function takeAway(): Promise<number> {
      await store.cron.define(source);
      const began = (await row()).decidedUntil;
      clock.advance(10 * HOUR);
      await store.cron.define(from(file, { definitions: [] }));
      return (Math.floor(began / HOUR) + 1) * HOUR;
    }

    test("and comes back later has one row for all slots that no worker had decided", async () => {
      const first = await takeAway();
      clock.advance(2 * HOUR);
      await store.cron.define(source);
      expect(await store.cron.slots("nightly", 10)).toMatchObject([
        { slot: first + 9 * HOUR, firstSlot: first, outcome: "missed", decidedAt: clock.now() },
      ]);
      expect(await row()).toMatchObject({ decidedUntil: clock.now(), removedAt: null });
    });

    test("and comes back within a minute leaves its slots to be decided", async () => {
      const first = await takeAway();
      clock.advance(60_000);
      await store.cron.define(source);
      expect(await store.cron.slots("nightly", 10)).toEqual([]);
      expect((await row()).decidedUntil).toBeLessThan(first);
      expect((await row()).heldSince).toBe(clock.now());
    });

    test("leaves out the slots that waited: none runs when it comes back", async () => {
      await store.cron.define(source);
      const slot = clock.now() + 5;
      const waiting = {
        slot,
        outcome: "waiting",
        reason: "task 4 has not ended",
        task: null,
      } as const;
      await store.cron.decide("nightly", () => ({ slots: [waiting], decidedUntil: slot }));
      clock.advance(5 * 60_000);
      await store.cron.define(from(file, { definitions: [] }));
      clock.advance(60_001);
      await store.cron.define(source);
      expect(await row()).toMatchObject({ waiting: null });
      expect((await store.cron.slots("nightly", 10)).at(-1)).toMatchObject({
        slot,
        outcome: "skipped",
        reason: "its definition was taken away while it waited",
      });
    });
  });
}
