/** Which threads serve, and which take their places. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TqError } from "../../src/errors.ts";
import type { ModelVersion } from "../../src/catalog.ts";
import type { PoolThread } from "../../src/worker/pool-thread.ts";
import { mostThreads, Succession } from "../../src/worker/succession.ts";
import { FakeThread } from "./fake-thread.ts";

let folder = "";
const file = () => join(folder, "models.ts");

/** Writes the models: each version is the newest when a thread has loaded it. */
function version(text: string): ModelVersion {
  writeFileSync(file(), text);
  return { entries: [file()], files: { [file()]: Bun.hash(text).toString(36) } };
}

let threads: FakeThread[] = [];
let events: string[] = [];
/** The generations of which a thread was the first to serve. */
let served: number[] = [];
let succession: Succession;

function begin(places: number): void {
  threads = [];
  events = [];
  served = [];
  succession = new Succession(
    { places, models: [file()], threads: () => threads as unknown as PoolThread[] },
    {
      start: (number) => {
        threads.push(new FakeThread(number, succession.next.generation));
        return true;
      },
      met: () => events.push("met"),
      accepted: () => {},
      refused: ({ message }) => events.push(`refused: ${message}`),
      cannotStart: ({ message }) => events.push(`cannot start: ${message}`),
      loads: () => {},
      loadsLong: (file) => events.push(`loads long: ${file}`),
      serves: () => served.push(Math.max(...serving().map(generationOf))),
      renewed: () => events.push("renewed"),
    },
  );
  succession.start();
}

const coming = () => threads.filter(({ serves, endReason }) => !serves && endReason === null);
const serving = () => threads.filter(({ serves }) => serves).map(({ number }) => number);
const generationOf = (number: number) =>
  threads.find((one) => one.number === number)?.generation ?? -1;
const leaving = () => threads.filter(({ leaves }) => leaves);

const CATALOG = { job: null };

function load(thread = coming().find(({ loaded }) => !loaded), models = "1"): boolean {
  if (thread === undefined) throw new Error("no thread loads");
  thread.loaded = true;
  return succession.loaded(thread as unknown as PoolThread, version(models), CATALOG);
}

function lack(call: string, thread = coming().find(({ loaded }) => !loaded)): void {
  succession.lacking(thread as unknown as PoolThread, call);
  end(thread);
}

function end(thread: FakeThread | undefined): void {
  threads = threads.filter((other) => other !== thread);
  succession.gone();
}

/** Ends what was dismissed. */
function buryDismissed(): void {
  for (const thread of threads.filter(({ endReason }) => endReason !== null)) end(thread);
}

function fail(message: string, code: "models" | "busy" = "models"): void {
  const thread = coming().find(({ loaded }) => !loaded);
  if (thread) thread.endReason = message;
  succession.failed(new TqError(code, message));
  end(thread);
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "tq-succession-")));
  begin(2);
  load();
  load();
  succession.letClaim();
});

afterEach(() => {
  succession.stop();
  rmSync(folder, { recursive: true });
});

test("threads serve once they have loaded and may claim", () => {
  expect(serving()).toEqual([1, 2]);
  expect(coming()).toEqual([]);
});

test("a dead thread is replaced by one of its number", () => {
  end(threads[0]);
  load();
  expect(serving()).toEqual([2, 1]);
  expect(events).toEqual([]);
});

describe("new models", () => {
  test("replace one thread after another: the next one leaves when its successor has loaded", () => {
    succession.renew();
    expect(leaving()).toEqual([]);
    load(undefined, "2");
    expect(leaving().map(({ number }) => number)).toEqual([1]);
    expect(serving()).toEqual([1, 2]);
    end(leaving()[0]);
    expect(serving()).toEqual([2, 3]);
    expect(served).toEqual([0, 2]);
    expect(leaving()).toEqual([]);
    load(undefined, "2");
    end(leaving()[0]);
    expect(serving()).toEqual([3, 1]);
    expect(events).toEqual(["renewed"]);
    expect(served).toEqual([0, 2]);
    expect(coming()).toEqual([]);
  });

  test("replace an idle thread before one that runs a task", () => {
    for (const thread of threads) thread.idle = thread.number === 2;
    succession.renew();
    load(undefined, "2");
    expect(leaving().map(({ number }) => number)).toEqual([2]);
  });

  test("that are the same text replace all threads where somebody asked for it", () => {
    succession.renew();
    for (let place = 0; place < 2; place++) {
      load();
      end(leaving()[0]);
    }
    expect(events).toEqual(["renewed"]);
  });

  test("replace no thread where they cannot be loaded", () => {
    succession.renew();
    fail("no file");
    expect(events).toEqual(["refused: no file"]);
    expect(serving()).toEqual([1, 2]);
    expect(leaving()).toEqual([]);
    expect(coming()).toEqual([]);
  });

  test("are tried again where the database was busy", () => {
    succession.renew();
    fail("locked", "busy");
    expect(events).toEqual(["cannot start: locked"]);
    succession.renew(); // it ends the pause
    load(undefined, "2");
    expect(leaving().length).toBe(1);
  });

  test("that a thread meets which replaces a dead one are then loaded by all, and it serves at once", () => {
    end(threads[0]);
    load(undefined, "2");
    expect(events).toEqual(["met"]);
    expect(serving()).toEqual([2, 1]);
    expect(threads.find(({ number }) => number === 2)?.isOutdated).toBe(true);
    load(undefined, "2");
    end(leaving()[0]);
    expect(events).toEqual(["met", "renewed"]);
  });

  test("that came while older new ones wait for a place take it, unless they cannot be loaded", () => {
    succession.renew();
    load(undefined, "2");
    const [leaver] = leaving();
    succession.renew();
    fail("no file");
    expect(events).toEqual(["refused: no file"]);
    end(leaver);
    expect(serving()).toEqual([2, 3]);
  });

  test("send away a thread that waits with older ones", () => {
    succession.renew();
    load(undefined, "2");
    const [waits] = coming();
    succession.renew();
    load(undefined, "3");
    expect(waits?.endReason).toBe("it has no place");
    buryDismissed();
    end(leaving()[0]);
    expect(serving()).toEqual([2, 4]);
  });

  test("that lack a call of the older ones are refused, unless somebody has asked for them", () => {
    succession.renew();
    lack("late");
    expect(events[0]).toStartWith("refused: Cannot take up models without late: ");
    expect(serving()).toEqual([1, 2]);
    expect(succession.next.keep).toEqual(CATALOG);
    succession.renew(true);
    expect(succession.next.keep).toBeNull();
    load(undefined, "2");
    expect(leaving().length).toBe(1);
  });

  test("that somebody asks for while a thread finds that they lack a call are loaded again", () => {
    succession.renew();
    const thread = coming()[0];
    succession.renew(true);
    lack("late", thread);
    expect(events).toEqual([]);
    load(undefined, "2");
    expect(leaving().length).toBe(1);
  });

  test("end a load that hangs on older ones, and are loaded in its place", () => {
    succession.renew();
    const hung = coming()[0];
    if (hung) hung.since -= 6_000;
    succession.renew();
    expect(hung?.endReason).toBe("it loads for too long");
    buryDismissed();
    load(undefined, "2");
    expect(leaving().length).toBe(1);
  });

  test("never need more numbers than there are", () => {
    for (let models = 2; models < 20; models++) {
      succession.renew();
      for (const thread of coming().filter(({ loaded }) => !loaded)) load(thread, `${models}`);
      buryDismissed();
      if (models % 3 === 0) end(leaving()[0]);
      if (models % 5 === 0) fail("no file");
    }
    expect(Math.max(...threads.map(({ number }) => number))).toBeLessThanOrEqual(mostThreads(2));
    expect(serving().length).toBeGreaterThan(0);
  });
});

test("a thread whose models were edited meanwhile is sent away, and its files are known to the next", () => {
  end(threads[0]);
  const thread = coming()[0];
  succession.edited(thread as unknown as PoolThread, "a.ts has changed", ["a.ts"]);
  expect(thread?.endReason).toBe("a.ts has changed while it loaded the models");
  expect(succession.next.known).toContain("a.ts");
});

test("models that change with each load are refused, and the others go on", () => {
  succession.renew();
  for (let loads = 1; loads <= 20; loads++) {
    expect(succession.next.isLenient).toBe(loads > 3);
    const [thread] = coming();
    succession.edited(thread as unknown as PoolThread, "a.ts has changed", ["a.ts"]);
    buryDismissed();
    if (loads < 20) succession.renew(); // it ends the pause
  }
  expect(events).toEqual([
    "refused: Cannot load models: a.ts has changed while they were loaded, 20 times in a row; do they write it themselves?",
  ]);
  expect(serving()).toEqual([1, 2]);
});

test("a thread that has loaded what is not on the disk any more does not serve", () => {
  end(threads[0]);
  const [thread] = coming();
  if (thread) thread.loaded = true;
  const older = version("2");
  version("3");
  expect(succession.loaded(thread as unknown as PoolThread, older, CATALOG)).toBe(false);
  expect(thread?.endReason).toBe(`${file()} has changed while it loaded the models`);
  expect(serving()).toEqual([2]);
});

test("a thread that began before any had loaded, and whose models lack a call, does not serve", () => {
  end(threads[0]);
  const thread = coming()[0];
  expect(succession.loaded(thread as unknown as PoolThread, version("2"), {})).toBe(false);
  expect(thread?.endReason).toBe("its models lack job");
  expect(serving()).toEqual([2]);
});

test("after its stop it starts no thread", () => {
  succession.stop();
  end(threads[0]);
  succession.renew();
  succession.failed(new TqError("models", "late"));
  expect(threads.length).toBe(1);
  expect(events).toEqual([]);
});
