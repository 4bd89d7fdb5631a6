/** The messages of a process to systemd, and their times. */
import { expect, test } from "bun:test";
import { ServiceManager } from "../../../cli/service/notify.ts";
import type { Event } from "../../../src/log/events.ts";

/** One that hears what is sent; `room` false: it takes nothing. */
function hearing(env: Record<string, string> = {}) {
  const heard: string[] = [];
  const waiting = new Set<() => void>();
  const state = { room: true };
  const send = (text: string): boolean => {
    if (!state.room) return false;
    heard.push(text);
    for (const look of waiting) look();
    return true;
  };
  const all: Record<string, string | undefined> = { NOTIFY_SOCKET: "/run/notify", ...env };
  const manager = ServiceManager.of(all, 41, () => send);
  /** Resolves once so many were heard. */
  const hears = async (count: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => void (heard.length >= count && resolve());
    waiting.add(look);
    look();
    await promise;
  };
  if (manager === null) throw new Error("No manager");
  return { manager, heard, hears, state, env: all };
}

const STARTED: Event = {
  name: "worker.started",
  worker: "w",
  threads: 1,
  queues: [],
  database: "/srv/shop/tq.db",
  models: null,
  mode: "worker",
};

test("without a service manager nothing is told", () => {
  expect(ServiceManager.of({})).toBeNull();
});

test("the start and the stop of a worker are told, with the time that the stop may take", () => {
  const { manager, heard } = hearing();
  const seen: string[] = [];
  const report = manager.following((event) => void seen.push(event.name));
  report(STARTED);
  report({ name: "worker.stopping", reason: "x", grace: 5_000, running: 0 });
  manager.end();
  expect(seen).toEqual(["worker.started", "worker.stopping"]);
  expect(heard).toEqual([
    "READY=1\nSTATUS=Runs tasks of /srv/shop/tq.db",
    "STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000\nSTATUS=Stops: running tasks may end",
  ]);
});

test("a watched process shows again and again that it lives, once it is ready", async () => {
  const { manager, heard, hears } = hearing({ WATCHDOG_USEC: "40000", WATCHDOG_PID: "41" });
  manager.ready("x");
  await hears(4);
  manager.end();
  expect(heard.slice(1, 4)).toEqual(["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
});

test("a watch over another process does not make this one show that it lives", () => {
  const { manager, heard } = hearing({ WATCHDOG_USEC: "1", WATCHDOG_PID: "42" });
  manager.ready("x");
  manager.end();
  expect(heard).toHaveLength(1);
});

test("what finds no room is told again, in its order", async () => {
  const { manager, heard, hears, state } = hearing();
  state.room = false;
  manager.ready("x");
  manager.stopping(0);
  expect(heard).toEqual([]);
  state.room = true;
  await hears(2);
  manager.end();
  expect(heard.map((text) => text.split("=")[0])).toEqual(["READY", "STOPPING"]);
});

test("the programs that tasks start do not find the socket", () => {
  expect(hearing({ WATCHDOG_USEC: "1", WATCHDOG_PID: "41", PATH: "/bin" }).env).toEqual({
    PATH: "/bin",
  });
});

test("a status is one line", () => {
  const { manager, heard } = hearing();
  manager.ready("a\nWATCHDOG=trigger");
  manager.end();
  expect(heard).toEqual(["READY=1\nSTATUS=a WATCHDOG=trigger"]);
});
