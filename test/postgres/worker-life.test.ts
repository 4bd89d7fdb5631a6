/** When the life of a worker takes its connection for lost, ends its runs, and comes back: on connections that the test makes. */
import { afterEach, expect, jest, mock, spyOn, test } from "bun:test";
import { Connection } from "../../src/postgres/connection.ts";
import { PATIENCE_MS, UNANSWERED_MS } from "../../src/postgres/life-times.ts";
import { WorkerLife } from "../../src/postgres/worker-life.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { until } from "../support/until.ts";
import { LIFE } from "./support.ts";

/** Answers each statement with the row of a worker. */
class FakeConnection {
  isLost = false;
  #onLost = () => {};

  async command() {
    return "";
  }
  async get() {
    return { life: 7 };
  }
  async inTransaction<T>(fn: () => Promise<T>): Promise<T> {
    return fn();
  }
  onLost(fn: () => void) {
    this.#onLost = fn;
    if (this.isLost) fn();
  }
  /** The server ends it. */
  lost() {
    this.isLost = true;
    this.#onLost();
  }
  async close() {
    this.isLost = true;
  }
}

interface Made {
  readonly life: WorkerLife;
  readonly opened: FakeConnection[];
  /** The words that the worker was told. */
  readonly told: string[];
}

const NO_ANSWER = expect.stringContaining("others may take this worker for dead");

/** How the server answers, and whether it takes new connections. */
const server: { learnTime: (db: FakeConnection) => Promise<void>; isRefusing: boolean } = {
  learnTime: async () => {},
  isRefusing: false,
};

async function begin(): Promise<Made> {
  Object.assign(server, { learnTime: async () => {}, isRefusing: false });
  const opened: FakeConnection[] = [];
  spyOn(Connection, "open").mockImplementation(async () => {
    if (server.isRefusing) throw new Error("too many connections");
    const connection = new FakeConnection();
    opened.push(connection);
    return connection as never;
  });
  const told: string[] = [];
  const options = {
    url: "postgresql://shop",
    ...LIFE,
    learnTime: (db: unknown) => server.learnTime(db as FakeConnection),
  };
  const worker = { id: "w", pid: 1, threads: 1, queues: [] };
  const events = { missed: (why: string) => told.push(why), cameBack: () => told.push("back") };
  const life = new WorkerLife(options, { ...worker, ...events });
  await life.begin();
  return { life, opened, told };
}

/** So much time passes while the worker runs something. */
async function passes(ms: number, life: WorkerLife): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    jest.advanceTimersByTime(50);
    if (passed % 250 === 0) await life.check();
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  }
}

/** It may be about to connect again. */
async function end(life: WorkerLife): Promise<void> {
  const ending = life.end();
  jest.advanceTimersByTime(1_000);
  await ending;
}

afterEach(() => {
  jest.useRealTimers();
  mock.restore();
});

test("a life whose connection has ended, and that cannot connect, ends its runs once, before the patience of others", async () => {
  useFakeTimers();
  const { life, opened, told } = await begin();
  server.isRefusing = true;
  opened[0]?.lost();
  await passes(650, life);
  expect(told).toEqual([]);
  await passes(PATIENCE_MS - 650 - 100, life);
  expect(told).toEqual([NO_ANSWER]);
  await passes(10_000, life);
  expect(told).toHaveLength(1);
  await end(life);
});

test("a life whose server does not answer ends its runs before that may free its lock", async () => {
  useFakeTimers();
  const { life, told } = await begin();
  server.learnTime = () => new Promise(() => {});
  server.isRefusing = true;
  await passes(2_900, life);
  expect(told).toEqual([]);
  await passes(UNANSWERED_MS - 2_900, life);
  expect(told).toEqual([NO_ANSWER]);
  await end(life);
});

test("a life that is answered after it has ended its runs says that it is back", async () => {
  const { life, opened, told } = await begin();
  server.isRefusing = true;
  opened[0]?.lost();
  await until(() => expect(told).toEqual([NO_ANSWER]));
  server.isRefusing = false;
  await until(() => expect(told).toEqual([NO_ANSWER, "back"]));
  await life.end();
});

test("a life that loses its connection as it is renewed is renewed again", async () => {
  const { life, opened, told } = await begin();
  server.learnTime = async (db) => {
    if (db === opened[1]) db.lost();
  };
  opened[0]?.lost();
  await until(() => expect(opened).toHaveLength(3));
  await until(() => expect(life.statements).not.toBeNull());
  expect(told).not.toContain(NO_ANSWER);
  await life.end();
});

test("a life whose new connection does not answer tries another one", async () => {
  useFakeTimers();
  const { life, opened } = await begin();
  server.learnTime = (db) => (db === opened[1] ? new Promise(() => {}) : Promise.resolve());
  opened[0]?.lost();
  await passes(5_500, life);
  expect(opened).toHaveLength(3);
  expect(life.statements).not.toBeNull();
  await end(life);
});

test("a life takes an error for an answer, as that of a statement which meets a lock", async () => {
  useFakeTimers();
  const { life, opened, told } = await begin();
  server.learnTime = async () => {
    throw new Error("canceling statement due to lock timeout");
  };
  await passes(15_000, life);
  expect([opened.length, told]).toEqual([1, []]);
  await life.end();
});

test("a life on a machine that is always late finds all the same that its server does not answer", async () => {
  const { life, opened } = await begin();
  server.learnTime = () => new Promise(() => {});
  life.askNow();
  server.learnTime = async () => {};
  for (let looks = 0; looks < 12 && opened.length < 2; looks++) {
    Bun.sleepSync(510); // the machine holds the process up
    await nextTurn();
  }
  expect(opened).toHaveLength(2);
  await life.end();
});
