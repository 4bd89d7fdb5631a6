/** tq asks this of Windows; test/proof/windows.ts proves it under Wine. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { serviceIn, serviceWords } from "../../../cli/service/windows/as-service.ts";
import { removeDefinition, writeDefinition } from "../../../cli/service/files.ts";
import { windows } from "../../../cli/service/windows/manager.ts";
import { commandLine } from "../../../cli/service/windows/quoting.ts";
import { type Look, STATES } from "../../../cli/service/windows/scm.ts";
import { Folder } from "../tq.ts";
import { plan } from "./support.ts";

const SHOP = { folder: "/srv/a shop", writes: "/srv/a shop/queue", grace: 300 };
const COMMAND = ["/opt/a tq/tq.exe", "-c", "/srv/a shop/tq.toml", "worker"];
const STARTED = `"/opt/a tq/tq.exe" -c "/srv/a shop/tq.toml" worker --windows-service tq-shop "/srv/a shop" "/srv/a shop/queue/tq-shop.log"`;
const RUNNING: Look = { state: STATES.running, exitCode: 0, pid: 41 };

let home: Folder;
const before = process.env["ProgramData"];

beforeEach(() => {
  home = new Folder();
  process.env["ProgramData"] = home.file("data");
});

afterEach(async () => {
  if (before === undefined) delete process.env["ProgramData"];
  else process.env["ProgramData"] = before;
  await home[Symbol.asyncDispose]();
});

/** A Windows whose service is in these states, one a look; the last one stays. @param refused the word of sc.exe that fails */
function system(looks: (Look | null)[], refused = "") {
  const calls: string[][] = [];
  const sleeps: number[] = [];
  const run = (command: readonly string[]) => {
    calls.push(command.slice(1));
    const code = command[1] === refused ? 5 : 0;
    return { code, stdout: code === 0 ? "" : "Access is denied.", stderr: "" };
  };
  const look = () => (looks.length > 1 ? looks.shift() : looks[0]) ?? null;
  const manager = windows("system", { run, look, sleep: (ms) => void sleeps.push(ms) });
  writeDefinition(manager.file("tq-shop"), manager.definition(plan({ ...SHOP, command: COMMAND })));
  return { manager, calls, sleeps };
}

test("a new service of Windows starts with the machine, and again 5 s after it failed", () => {
  const { manager, calls } = system([null]);
  manager.start("tq-shop");
  const account = String.raw`NT AUTHORITY\LocalService`;
  expect(calls).toEqual([
    ["create", "tq-shop", "binPath=", STARTED, "start=", "auto", "obj=", account],
    ["description", "tq-shop", "tq worker of /srv/shop"],
    ["failure", "tq-shop", "reset=", "86400", "actions=", "restart/5000"],
    ["start", "tq-shop"],
  ]);
});

test("a service that Windows has already is started, and not made anew", () => {
  const { manager, calls } = system([{ ...RUNNING, state: STATES.stopped }]);
  manager.start("tq-shop");
  expect(calls).toEqual([["start", "tq-shop"]]);
});

test("a service that Windows refuses to start is not left behind", () => {
  const { manager, calls } = system([null], "start");
  expect(() => manager.start("tq-shop")).toThrow("failed: Access is denied.");
  expect(calls.at(-1)).toEqual(["delete", "tq-shop"]);
});

test("a service of Windows is deleted once what it ran has ended", () => {
  const stopping = { ...RUNNING, state: STATES.stopPending };
  const { manager, calls, sleeps } = system([
    stopping,
    stopping,
    { ...RUNNING, state: STATES.stopped },
  ]);
  manager.stop("tq-shop");
  expect(sleeps).toHaveLength(2);
  expect(calls).toEqual([
    ["stop", "tq-shop"],
    ["delete", "tq-shop"],
  ]);
});

test("a stop of a service of Windows waits 10 s longer than the grace, and no longer", () => {
  const { manager, sleeps } = system([{ ...RUNNING, state: STATES.stopPending }]);
  manager.halt("tq-shop");
  expect(sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(SHOP.grace + 10_000);
});

test.each([
  [RUNNING, "running", 41],
  [{ state: STATES.startPending, exitCode: 0, pid: 41 }, "starting", 41],
  [{ state: STATES.stopPending, exitCode: 0, pid: 41 }, "stopping", 41],
  [{ state: STATES.stopped, exitCode: 0, pid: 0 }, "stopped", null],
  [{ state: STATES.stopped, exitCode: 1077, pid: 0 }, "stopped", null], // not started since the start of the machine
  [{ state: STATES.stopped, exitCode: 1067, pid: 0 }, "restarting", null], // ended unexpectedly
  [null, "stopped", null],
] as const)(
  "the state of a service of Windows is what the manager says: %j",
  (look, state, pid) => {
    expect(system([look]).manager.state("tq-shop")).toMatchObject({ state, pid });
  },
);

test("a service of Windows is found by its file, which says what it runs and where its log is", () => {
  const { manager } = system([null]);
  expect(manager.all()).toEqual(["tq-shop"]);
  const text = manager.definition(plan({ ...SHOP, command: COMMAND }));
  expect(manager.runs(text)).toMatchObject({ command: COMMAND, folder: SHOP.folder });
  expect(manager.logCommand("tq-shop")).toContain("/srv/a shop/queue/tq-shop.log");
  expect(manager.runs("")).toMatchObject({ command: [] }); // it was removed between two looks
  removeDefinition(manager.file("tq-shop"));
  expect(manager.all()).toEqual([]);
});

test("a service of a user is refused on Windows, with the way to a task of the Task Scheduler", () => {
  expect(windows("user").refusal("install")?.message).toContain("Register-ScheduledTask");
  expect(windows("system").refusal("install")).toBeNull();
});

test("the words that make a process a service of Windows are no words of tq", () => {
  const service = { name: "tq-shop", folder: String.raw`C:\shop`, log: String.raw`C:\shop\log` };
  expect(serviceIn(["worker", ...serviceWords(service)])).toEqual({ service, argv: ["worker"] });
  expect(serviceIn(["worker", "--queue", "a"])).toBeNull();
});

test("a command line of Windows keeps spaces, quotes and backslashes of its words", () => {
  const words = ["C:\\a b\\tq.exe", "C:\\a b\\", 'say "x\\"', "plain\\", ""];
  expect(commandLine(words)).toBe(String.raw`"C:\a b\tq.exe" "C:\a b\\" "say \"x\\\"" plain\ ""`);
});
