/** Proof of life: a lock that the operating system drops with the process, and keeps while it is stopped. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bootId } from "../../../src/boot-id.ts";
import {
  checkLock,
  releaseLock,
  takeLock,
  isAlive,
  lockFolder,
  removeIfDead,
  removeStrays,
} from "../../../src/sqlite/file/liveness.ts";
import { makeFolder } from "../../support/folder.ts";
import { needs } from "../../support/needs.ts";
import { type Helper, startHelper } from "../../support/process.ts";
import { until } from "../../support/until.ts";

/** A process that holds the lock of this worker until it is told to leave. */
async function holder(database: string, worker: string): Promise<Helper> {
  const helper = startHelper(`
    const { takeLock, releaseLock } = await import("./src/sqlite/file/liveness.ts");
    takeLock(${JSON.stringify(database)}, ${JSON.stringify(worker)});
    console.log("holding");
    await line();
    releaseLock(${JSON.stringify(database)}, ${JSON.stringify(worker)});
    console.log("left");
    await line();`);
  await helper.line();
  return helper;
}

describe("a worker's lock", () => {
  test("says that its process lives, and after a kill that it is dead; then its file is gone", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    await using worker = await holder(database, "w1");
    expect(removeIfDead(database, "w1")).toBe(false);
    expect(isAlive(database, "w1")).toBe(true);
    worker.kill("SIGKILL");
    await until(() => expect(isAlive(database, "w1")).toBe(false));
    expect(existsSync(lockFolder(database))).toBe(true); // a look removes nothing
    expect(removeIfDead(database, "w1")).toBe(true);
    expect(existsSync(lockFolder(database))).toBe(false);
    expect(isAlive(database, "w1")).toBe(false);
    expect(removeIfDead(database, "w1")).toBe(true);
  });

  test("is taken although others that start look whether its file is a stray one", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    const look = `
      const { removeStrays } = await import("./src/sqlite/file/liveness.ts");
      console.log("looking");
      for (;;) removeStrays(${JSON.stringify(database)}, new Set());`;
    await using one = startHelper(look);
    await using two = startHelper(look);
    await Promise.all([one.line(), two.line()]);
    for (let n = 0; n < 200; n++) {
      takeLock(database, `w${n}`);
      expect(existsSync(join(lockFolder(database), `w${n}`))).toBe(true);
      releaseLock(database, `w${n}`);
    }
  });

  test("is kept by a stopped process", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    await using worker = await holder(database, "w1");
    worker.kill("SIGSTOP");
    await until(async () => {
      const status = await Bun.file(`/proc/${worker.pid}/stat`).text();
      expect(status).toMatch(/\) T /);
    });
    for (let i = 0; i < 20; i++) expect(removeIfDead(database, "w1")).toBe(false);
    worker.kill("SIGKILL");
    await until(() => expect(removeIfDead(database, "w1")).toBe(true));
  });

  test("goes when its worker leaves, and leaves nothing behind", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    await using worker = await holder(database, "w1");
    worker.send("leave");
    await worker.line();
    expect(removeIfDead(database, "w1")).toBe(true);
    expect(existsSync(lockFolder(database))).toBe(false);
  });

  test("of our own counts as alive, and looking does not drop it", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    takeLock(database, "mine");
    for (let i = 0; i < 5; i++) expect(removeIfDead(database, "mine")).toBe(false);
    await using other = startHelper(`
      const { removeIfDead } = await import("./src/sqlite/file/liveness.ts");
      console.log(removeIfDead(${JSON.stringify(database)}, "mine"));`);
    expect(await other.line()).toBe("false");
    releaseLock(database, "mine");
    expect(removeIfDead(database, "mine")).toBe(true);
  });

  needs("Linux").test("may be used by all who may use the database, whatever the umask", () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    writeFileSync(database, "");
    chmodSync(database, 0o660);
    const umask = process.umask(0o077);
    try {
      takeLock(database, "w1");
    } finally {
      process.umask(umask);
    }
    expect(statSync(lockFolder(database)).mode & 0o777).toBe(0o770);
    expect(statSync(join(lockFolder(database), "w1")).mode & 0o777).toBe(0o660);
    releaseLock(database, "w1");
  });

  needs("Linux").test("stays where its own process opens the file and closes it", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    await using worker = startHelper(`
      const { takeLock } = await import("./src/sqlite/file/liveness.ts");
      const { openSync, closeSync, readFileSync } = await import("node:fs");
      takeLock(${JSON.stringify(database)}, "w1");
      const file = ${JSON.stringify(join(lockFolder(database), "w1"))};
      closeSync(openSync(file));
      readFileSync(file);
      await Bun.file(file).text();
      console.log("read");
      await line();`);
    await worker.line();
    expect(isAlive(database, "w1")).toBe(true);
    expect(removeIfDead(database, "w1")).toBe(false);
    worker.kill("SIGKILL");
    await until(() => expect(removeIfDead(database, "w1")).toBe(true));
  });

  test("ends with its process though a child of that process lives on", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    await using worker = startHelper(`
      const { takeLock } = await import("./src/sqlite/file/liveness.ts");
      takeLock(${JSON.stringify(database)}, "w1");
      const child = Bun.spawn(["sleep", "60"], { detached: true });
      console.log(child.pid);
      await line();`);
    const child = Number(await worker.line());
    try {
      expect(isAlive(database, "w1")).toBe(true);
      worker.kill("SIGKILL");
      await until(() => expect(removeIfDead(database, "w1")).toBe(true));
      expect(process.kill(child, 0)).toBe(true);
    } finally {
      process.kill(child, "SIGKILL");
    }
  });

  needs("Linux").test(
    "is missed by its own process where code has closed a descriptor of another's",
    () => {
      using folder = makeFolder();
      const database = folder.file("tq.db");
      takeLock(database, "w1");
      expect(() => checkLock(database, "w1")).not.toThrow();
      const file = join(lockFolder(database), "w1");
      const link = (name: string) => readlinkSync(`/proc/self/fd/${name}`);
      const all = readdirSync("/proc/self/fd").filter((name) =>
        existsSync(`/proc/self/fd/${name}`),
      );
      closeSync(Number(all.find((name) => link(name) === file)));
      expect(() => checkLock(database, "w1")).toThrow(
        `Cannot go on: code in this process has closed a descriptor that it did not open, of ${file}, and other workers take this one for dead; start it again, and mend that code`,
      );
      releaseLock(database, "w1");
    },
  );

  test("is not collected as garbage", async () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    await using worker = startHelper(`
      const { takeLock } = await import("./src/sqlite/file/liveness.ts");
      takeLock(${JSON.stringify(database)}, "w1");
      for (let i = 0; i < 20; i++) { Bun.gc(true); await Bun.sleep(1); }
      console.log("collected");
      await line();`);
    await worker.line();
    expect(removeIfDead(database, "w1")).toBe(false);
  });

  test("is one of many in a folder that goes with the last", () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    const workers = Array.from({ length: 20 }, (_, i) => `w${i}`);
    for (const worker of workers) takeLock(database, worker);
    expect(readdirSync(lockFolder(database)).toSorted()).toEqual(workers.toSorted());
    for (const worker of workers) releaseLock(database, worker);
    releaseLock(database, "never held");
    expect(existsSync(lockFolder(database))).toBe(false);
  });

  test("that is not there proves a death: without the file, and without the folder", () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    expect(removeIfDead(database, "w1")).toBe(true);
    mkdirSync(lockFolder(database));
    expect(removeIfDead(database, "w1")).toBe(true);
  });

  test("that cannot be read proves nothing", () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    mkdirSync(join(lockFolder(database), "w1"), { recursive: true }); // a folder cannot be opened, by root either
    expect(removeIfDead(database, "w1")).toBe(false);
  });

  test("that cannot be made is an error with a sentence", () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    writeFileSync(lockFolder(database), "a file in the way");
    expect(() => takeLock(database, "w1")).toThrow(
      `Cannot make the lock of this worker in ${lockFolder(database)}`,
    );
    rmSync(lockFolder(database));
    takeLock(database, "w1");
    chmodSync(lockFolder(database), 0o755);
    releaseLock(database, "w1");
  });
});

test("the boot id stays the same while the machine runs", () => {
  expect(bootId()).toBe(bootId());
  expect(bootId()).not.toBe("");
});

test("lock files of processes that died before they registered are removed, those of the living and of the registered stay", async () => {
  using folder = makeFolder();
  const database = folder.file("tq.db");
  removeStrays(database, new Set()); // nobody has one
  await using stray = await holder(database, "stray");
  await using registered = await holder(database, "registered");
  await using starting = await holder(database, "starting");
  takeLock(database, "own");
  for (const helper of [stray, registered]) {
    helper.kill("SIGKILL");
    await helper.exited;
  }
  removeStrays(database, new Set(["registered", "own"]));
  expect(readdirSync(lockFolder(database)).toSorted()).toEqual(["own", "registered", "starting"]);
  expect(starting.pid).toBeGreaterThan(0);
  expect(removeIfDead(database, "registered")).toBe(true);
  releaseLock(database, "own");
});

test("a worker that starts among others that remove strays has its lock in the folder", async () => {
  using folder = makeFolder();
  const database = folder.file("tq.db");
  await using sweeper = startHelper(`
    const { removeStrays } = await import("./src/sqlite/file/liveness.ts");
    console.log("sweeping");
    const end = performance.now() + 400;
    while (performance.now() < end) removeStrays(${JSON.stringify(database)}, new Set());
    console.log("swept");`);
  await sweeper.line();
  const names: string[] = [];
  const end = performance.now() + 300;
  while (performance.now() < end) {
    const name = `w${names.length}`;
    takeLock(database, name);
    names.push(name);
    expect(existsSync(join(lockFolder(database), name))).toBe(true);
  }
  expect(await sweeper.line()).toBe("swept");
  for (const name of names) {
    expect(existsSync(join(lockFolder(database), name))).toBe(true);
    releaseLock(database, name);
  }
});
