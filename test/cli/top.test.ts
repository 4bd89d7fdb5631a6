/** `tq top`: the screen on a terminal of any size, its end, and the one screen where there is no terminal. */
import { expect, test } from "bun:test";
import { screenLines } from "../../cli/top/screen.ts";
import type { TopLook } from "../../cli/top/look.ts";
import { PaceMeter } from "../../cli/top/pace.ts";
import { claimFirst, newTask } from "../support/store.ts";
import { until } from "../support/until.ts";
import { makeBox } from "./remote/box.ts";
import { Folder, TQ } from "./tq.ts";

const WORKER = { env: { TQ_QUEUE__WORKER: "1" } };

async function folderWithTasks(): Promise<Folder> {
  const folder = new Folder();
  const store = folder.store();
  await store.push([newTask({ queue: "print" }), newTask({ queue: "print" })]);
  await store.close();
  return folder;
}

test("tq top prints one plain screen where there is no terminal", async () => {
  await using folder = await folderWithTasks();
  const { code, stdout, stderr } = await folder.tqWith(WORKER, "top");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [head, ...lines] = stdout.split("\n");
  expect(head).toMatch(/^tq top {2}\d\d:\d\d:\d\d {2}/);
  expect(head).toEndWith(folder.database.name);
  expect(lines).toEqual([
    "2 ready, 0 running, 0 scheduled, 0 failed; no worker",
    "No worker is running: tasks wait until one is; start it with tq worker",
    "",
    "queue  state       ready  running  failed  a minute  waited  late  scheduled",
    "print  not served      2        0       0         0       –     –          0",
    "",
  ]);
});

test("tq top shows at once what has ended, and keeps the row of a queue that has drained", async () => {
  await using folder = await folderWithTasks();
  const store = folder.store();
  for (let n = 0; n < 2; n++) {
    const ran = await claimFirst(store);
    const outcome = { kind: "finished", result: null, reason: null } as const;
    await store.write((session) => session.settle(ran, outcome));
  }
  await store.close();
  const { stdout } = await folder.tqWith(WORKER, "top");
  expect(stdout).toMatch(/^print +0 +0 +0 +2 +– +– +0$/m);
});

test("tq top --json answers what the screen shows, once", async () => {
  await using folder = await folderWithTasks();
  const { stdout } = await folder.tqWith(WORKER, "top", "--json", "--last", "30m");
  expect(JSON.parse(stdout)).toMatchObject({
    queues: [{ queue: "print", ready: 2 }],
    workers: [],
    problems: [expect.stringContaining("No worker is running")],
    lately: { groups: [], failures: [] },
  });
});

test("tq top --url shows the queues and the running tasks of another machine", async () => {
  await using box = await makeBox();
  const { store } = box;
  await store.register({ id: "w-1", pid: process.pid, threads: 2, queues: [] });
  await store.push([newTask({ model: "sale", method: "process" })]);
  await claimFirst(store, { owner: { worker: "w-1", thread: 2 } });
  const { code, stdout, stderr } = await box.tq("top");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("1 worker, 1/2 threads busy");
  expect(stdout).toMatch(/^ *1 {2}sale\.process .* default {2}.*:\d+ 2$/m);
});

const LEAVE = "\u001b[?1049l";

/** A command on a terminal: what it has written, and its last frame as lines. */
function onTerminal(folder: Folder, columns: number, ...args: string[]) {
  const decoder = new TextDecoder();
  let written = "";
  const child = Bun.spawn([...TQ, ...args], {
    cwd: folder.path,
    env: {
      ...folder.variables,
      PATH: process.env["PATH"] ?? "",
      TERM: "xterm",
      TQ_QUEUE__WORKER: "1",
    },
    terminal: {
      cols: columns,
      rows: 24,
      data: (_, data) => (written += decoder.decode(data, { stream: true })),
    },
  });
  return {
    child,
    terminal: child.terminal as Bun.Terminal,
    text: () => written,
    frame: () =>
      Bun.stripANSI(written.slice(written.lastIndexOf("\u001b[H")))
        .split("\r\n")
        .map((line) => line.trimEnd()),
  };
}

test("tq top draws the screen anew as tasks come and as the terminal is resized, and q ends it", async () => {
  await using folder = await folderWithTasks();
  const store = folder.store();
  const { child, terminal, frame, text } = onTerminal(folder, 80, "top");
  await until(() =>
    expect(frame()[1]).toBe("2 ready, 0 running, 0 scheduled, 0 failed; no worker"),
  );
  terminal.write("\u001b[A"); // the key of an arrow, which begins as Escape does, ends nothing
  await store.push([newTask({ queue: "print" })]);
  await until(() => expect(frame()[1]).toStartWith("3 ready"));
  terminal.resize(20, 12);
  await until(() => {
    expect(frame()[1]).toBe("3 ready, 0 running,");
    expect(frame().at(-1)).toBe("q quits");
  });
  expect(frame().length).toBeLessThanOrEqual(12);
  expect(frame().filter((line) => Bun.stringWidth(line) > 20)).toEqual([]);
  expect(text()).not.toContain(LEAVE);
  terminal.write("q");
  expect(await child.exited).toBe(0);
  await until(() => expect(text()).toEndWith(LEAVE));
  await store.close();
});

test.each([
  ["Ctrl-C", "\u0003", 0],
  ["Escape", "\u001b", 0],
  ["Ctrl-\\", "\u001c", 0],
  ["SIGTERM", null, 143],
  ["SIGQUIT", null, 131],
] as const)("%s ends tq top, which gives the terminal back", async (name, key, status) => {
  await using folder = await folderWithTasks();
  const { child, terminal, frame, text } = onTerminal(folder, 80, "top");
  await until(() => expect(frame().at(-1)).toBe("q quits"));
  if (key === null) child.kill(name === "SIGQUIT" ? name : "SIGTERM");
  else terminal.write(key);
  expect(await child.exited).toBe(status);
  await until(() => expect(text()).toEndWith(LEAVE));
});

test("tq top ends when its terminal is gone", async () => {
  await using folder = await folderWithTasks();
  const { child, terminal, frame } = onTerminal(folder, 80, "top");
  await until(() => expect(frame().at(-1)).toBe("q quits"));
  terminal.close();
  expect(await child.exited).toBeNumber();
});

const NOW = Date.UTC(2026, 6, 31, 14, 5, 9);

const LOOK: TopLook = {
  at: NOW,
  newest: 900,
  status: {
    mode: "worker",
    version: "1.0.0",
    path: "/srv/shop/tq.db",
    schema: 8,
    durability: "full",
    file_size: 1,
    wal_size: 1,
    free_size: 1,
    free_disk: null,
    oldest_ready: null,
    backup: null,
    failed_lately: 0,
    queues: Array.from({ length: 30 }, (_, at) => ({
      queue: `queue-${at}-with-a-name-that-is-long`,
      scheduled: 1,
      ready: 100 + at,
      running: 2,
      failed: 3,
      served: at !== 7,
      paused: at === 8,
      ...(at === 9 && { least: ["ready"] as const, at_least: true as const }),
    })),
    pauses: [{ kind: "queue", name: "queue-8", reason: "stock", by: "ada", since: 0, until: null }],
    last_hour: [],
    last_minute: [],
    workers: [],
    problems: ["The disk is full: all pushes are refused until some hundred megabytes are free"],
  },
  workers: Array.from({ length: 4 }, (_, at) => ({
    id: `w-${at}`,
    pid: 4711 + at,
    host: "box",
    started_at: 0,
    threads: 8,
    threads_ready: 8,
    models_at: null,
    queues: [],
    running: 8,
    version: "1.0.0",
    schema: 8,
    trouble: null,
    alive: true,
    runs: Array.from({ length: 8 }, (_, thread) => ({
      thread,
      task: 10 * at + thread,
      call: "sale.\u001b[2Jprocess",
      queue: "default",
      since: NOW - 1_200,
      sure: true,
      others: 3,
      progress: { done: 7, total: 9, text: "seite 漢字漢字漢字", at: NOW },
    })),
  })),
  lately: { since: NOW - 309_000, until: NOW, queue: null, by: "queue", groups: [], failures: [] },
  failures: [{ name: "sale.process", queue: "default", failed: 3, retried: 2, crashed: 0 }],
};

const SIZES = [1, 8, 20, 40, 80, 200].flatMap((width) =>
  [1, 2, 5, 12, 24, 60].map((height) => [width, height] as const),
);

test.each(SIZES)("a screen of %p columns and %p lines is never exceeded", (width, height) => {
  const pace = { came: 12.34, ended: 3, within: 10_000 };
  const shown = { look: LOOK, pace, trouble: "Cannot ask box7: no answer came within 30 s" };
  const lines = screenLines(shown, { width, height, colour: true, hasKeys: true });
  expect(lines.length).toBeLessThanOrEqual(height);
  expect(lines.filter((line) => Bun.stringWidth(line) > width)).toEqual([]);
  expect(lines.join("")).not.toContain("\u001b[2J");
});

test("a low screen shows the queues that wait in vain, and those with the most tasks", () => {
  const shown = { look: LOOK, pace: null, trouble: null };
  const text = screenLines(shown, { width: 80, height: 24, colour: false, hasKeys: true }).join(
    "\n",
  );
  for (const name of ["queue-7", "queue-29"]) expect(text).toContain(name);
  expect(text).toContain("not served");
  expect(text).toMatch(/and \d+ more/);
});

test("the pace counts what came and ended between the looks of the last ten seconds", () => {
  const meter = new PaceMeter();
  meter.add({ at: 0, newest: 0, open: 500 });
  expect(meter.pace).toBeNull();
  meter.add({ at: 5_000, newest: 10, open: 20 });
  meter.add({ at: 15_000, newest: 110, open: 70 });
  expect(meter.pace).toEqual({ came: 10, ended: 5, within: 10_000 });
  meter.add({ at: 16_000, newest: 110, open: null });
  expect(meter.pace).toMatchObject({ came: 0, ended: null });
});
