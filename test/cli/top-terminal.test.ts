/** `tq top` in the hands of a shell with job control, and before a server that falls silent. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { newTask } from "../support/store.ts";
import { until } from "../support/until.ts";
import { makeBox } from "./remote/box.ts";
import { Folder, TQ } from "./tq.ts";

setDefaultTimeout(60_000);

const COMMAND = TQ.map((word) => `'${word}'`).join(" ");
const HOME = "\u001b[H";

/** A command on a terminal of 80 columns, and what it has drawn last. */
function onTerminal(folder: Folder, ...command: string[]) {
  const decoder = new TextDecoder();
  let written = "";
  const child = Bun.spawn(command, {
    cwd: folder.path,
    env: {
      ...folder.variables,
      PATH: process.env["PATH"] ?? "",
      TERM: "xterm",
      TQ_QUEUE__WORKER: "1",
      PS1: "$ ",
    },
    terminal: {
      cols: 80,
      rows: 24,
      data: (_, data) => (written += decoder.decode(data, { stream: true })),
    },
  });
  const frame = () => Bun.stripANSI(written.slice(written.lastIndexOf(HOME))).split("\r\n");
  return {
    child,
    terminal: child.terminal as Bun.Terminal,
    frame,
    draws: () => written.split(HOME).length,
    isDrawn: () => expect(frame().at(-1)?.trim()).toBe("q quits"),
  };
}

/** `tq top` as a job of a shell that a person types into. */
function asJob(folder: Folder) {
  const shell = onTerminal(folder, "bash", "--norc", "--noediting", "-i");
  shell.terminal.write(`${COMMAND} top\n`);
  const { pid } = shell.child;
  const job = () => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
  const stops = (how: () => void) => {
    how();
    const status = () => readFileSync(`/proc/${job()}/status`, "utf8");
    return until(() => expect(status()).toContain("State:\tT"));
  };
  /** Keys that come together would all be the job's. */
  const quits = async () => {
    const left = job();
    shell.terminal.write("q"); // without the end of a line
    await until(() => expect(() => process.kill(left, 0)).toThrow());
    shell.terminal.write("exit\n");
    await shell.child.exited;
  };
  return { ...shell, job, stops, quits };
}

async function folderWithTask(): Promise<Folder> {
  const folder = new Folder();
  const store = folder.store();
  await store.push([newTask({ queue: "print" })]);
  await store.close();
  return folder;
}

needs("bash").test(
  "tq top has the size that its terminal was given while it was stopped",
  async () => {
    await using folder = await folderWithTask();
    const top = asJob(folder);
    await until(top.isDrawn);
    await top.stops(() => void top.terminal.write("\u001a"));
    top.terminal.resize(20, 12);
    const before = top.draws();
    top.terminal.write("fg\n");
    await until(() => {
      expect(top.draws()).toBeGreaterThan(before);
      top.isDrawn();
      expect(top.frame()[1]?.trim()).toBe("1 ready, 0 running,");
    });
    await top.quits();
  },
);

needs("bash").test(
  "tq top reads keys and draws again after a stop that nothing announced",
  async () => {
    await using folder = await folderWithTask();
    const top = asJob(folder);
    await until(top.isDrawn);
    await top.stops(() => void process.kill(top.job(), "SIGSTOP"));
    const before = top.draws();
    top.terminal.write("fg\n");
    await until(() => {
      expect(top.draws()).toBeGreaterThan(before);
      top.isDrawn();
    });
    await top.quits();
  },
);

test.each([
  ["Ctrl-C", "\u0003", 130],
  ["Ctrl-\\", "\u001c", 131],
])("tq top without a terminal as its input says what ends it: %s", async (_, key, status) => {
  await using folder = await folderWithTask();
  const script = `${COMMAND} top < /dev/null; echo it was $?; stty -a`;
  const top = onTerminal(folder, "sh", "-c", `trap : INT QUIT; ${script}`);
  await until(() => expect(top.frame().at(-1)?.trim()).toBe("Ctrl-C quits"));
  top.terminal.write("q");
  top.terminal.write(key);
  await top.child.exited;
  const text = top.frame().join("\n");
  expect(text).toContain(`it was ${status}`);
  expect(text).toMatch(/ icanon/);
});

test("tq top says for how long a server has not answered, and no more once it does", async () => {
  await using box = await makeBox();
  let isSilent = false;
  const held: (() => void)[] = [];
  using proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      if (isSilent) await new Promise<void>((resolve) => held.push(resolve));
      const { pathname, search } = new URL(request.url);
      return fetch(new URL(pathname + search, box.url), {
        headers: { authorization: request.headers.get("authorization") ?? "" },
      });
    },
  });
  const url = `http://127.0.0.1:${proxy.port}`;
  const flags = ["--url", url, "--token-file", box.tokenFile];
  const top = onTerminal(box.office, ...TQ, "top", ...flags);
  await until(top.isDrawn);
  isSilent = true;
  const says = () => top.frame().some((line) => /No answer for \d+ s: what stands here/.test(line));
  await until(() => expect(says()).toBe(true));
  isSilent = false;
  for (const go of held) go();
  await until(() => expect(says()).toBe(false));
  top.terminal.write("q");
  expect(await top.child.exited).toBe(0);
});

test("tq top cuts no name where there is no terminal", async () => {
  await using folder = new Folder();
  const queue = "q".repeat(90);
  const store = folder.store();
  await store.push([newTask({ queue })]);
  await store.close();
  expect((await folder.tq("top")).stdout).toContain(queue);
});
