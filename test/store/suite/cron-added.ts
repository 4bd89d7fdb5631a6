/** Recurring tasks that are added to the database, and removed from it. */
import { describe, expect, test } from "bun:test";
import { errorOf } from "../../support/error.ts";
import { clock, register, store, subject } from "./subject.ts";

const FILE = "/shop/tq.toml";
const NIGHTLY = { name: "nightly", definition: '{"schedule":"@daily","task":"night.run"}' };
const HOURLY = { name: "hourly", definition: '{"schedule":"@hourly","task":"night.run"}' };

async function row(name = "nightly") {
  return (await store.cron.rows()).find((one) => one.name === name);
}

export function addedCronTests(): void {
  describe("a recurring task of the database", () => {
    test("is added beside the others, and counts from now", async () => {
      await store.cron.add("database", NIGHTLY);
      clock.advance(5_000);
      const added = await store.cron.add("database", HOURLY);
      expect(added).toMatchObject({ ...HOURLY, origin: "database", decidedUntil: clock.now() });
      expect(await row()).toMatchObject({ ...NIGHTLY, removedAt: null });
    });

    test("is added once by two that come at once", async () => {
      const added = await Promise.allSettled(
        [store, subject.open()].map((one) => one.cron.add("database", NIGHTLY)),
      );
      expect(added.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    test("is refused where its name is taken, with what to do", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      await store.cron.add("database", HOURLY);
      expect(await errorOf(store.cron.add("database", NIGHTLY))).toMatchObject({
        code: "conflict",
        message:
          "Cannot add nightly: the name is taken by the section [cron.nightly] of /shop/tq.toml: change it there, or with tq cron edit nightly",
      });
      expect(await errorOf(store.cron.add("database", HOURLY))).toMatchObject({
        code: "conflict",
        message:
          "Cannot add hourly: the name is taken; tq cron edit hourly changes it, and tq cron remove hourly makes way for another",
      });
    });

    test("takes the name of one that its file does not have any more", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      await store.cron.define({ origin: FILE, definitions: [] });
      const added = await store.cron.add("database", NIGHTLY);
      expect(added).toMatchObject({ origin: "database", kind: "database", removedAt: null });
    });

    test("of a file that no worker has read waits for one", async () => {
      await register("w1");
      expect(await store.cron.add(FILE, NIGHTLY)).toMatchObject({ origin: FILE, held: false });
      await store.cron.define({ origin: FILE, worker: "w1", definitions: [NIGHTLY] });
      expect(await row()).toMatchObject({ origin: FILE, held: true });
    });
  });

  test("a recurring task that a file has is not removed; one that it had before is", async () => {
    await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
    expect(await errorOf(store.cron.remove("nightly"))).toMatchObject({
      code: "conflict",
      message:
        "Cannot remove nightly: it is defined in the section [cron.nightly] of /shop/tq.toml; remove it there, or pause it with tq cron pause nightly",
    });
    await store.cron.define({ origin: FILE, definitions: [] });
    await store.cron.remove("nightly");
    expect(await store.cron.rows()).toEqual([]);
  });

  test("the version of recurring tasks changes with each change by another process", async () => {
    for (const id of ["w1", "w2"]) await register(id);
    const other = subject.open().cron;
    const changes: (() => Promise<unknown>)[] = [
      () => other.add("database", NIGHTLY),
      () => other.define({ origin: FILE, worker: "w1", definitions: [HOURLY] }),
      () => other.define({ origin: FILE, worker: "w2", definitions: [HOURLY] }),
      () => other.override("nightly", () => ({ schedule: "@weekly" })),
      () => other.followZone("w1", "Europe/Vienna"),
      () => other.remove("nightly"),
    ];
    const versions = [await store.cron.version()];
    for (const change of changes) {
      await change();
      versions.push(await store.cron.version());
    }
    expect(new Set(versions).size).toBe(changes.length + 1);
  });
}
