/**
 * A proof that `tq service` makes a service of Windows, under the Service Control Manager of Wine:
 * `node .ci/bun.mjs test/proof/windows.ts [--tq EXECUTABLE]`, on a Debian with the packages wine, wine64 and gcc-mingw-w64-x86-64. It takes
 * a minute. Wine does not see that the process of a service has ended, and starts none again: that is not proven here.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../../.ci/build.ts";
import { executableAt, readOptions } from "./options.ts";

const MODELS = `import { writeFileSync } from "node:fs";
import { task } from "tq";
export const nap = task("nap", async (seconds: number) => { await Bun.sleep(seconds * 1000); });
export const write = task("write", (path: string) => { writeFileSync(path, process.cwd()); console.log("written"); });
`;

/** Bun asks this library of Windows for random bytes; Wine 8 has none. */
const RANDOM = `#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T size) { return RtlGenRandom(to, size); }
BOOL WINAPI DllMain(HINSTANCE own, DWORD reason, LPVOID more) { return TRUE; }
`;

const SECOND_MS = 1_000;
const LONGEST_MS = 30 * SECOND_MS;

const options = readOptions("Usage: test/proof/windows.ts [--tq EXECUTABLE]", { tq: "" });
const executable = options.tq === "" ? null : executableAt(options.tq);
const root = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "tq-windows-"));
const drive = join(folder, "prefix/drive_c");
const shop = join(drive, "a shop");
const env = { PATH: process.env["PATH"], HOME: folder, WINEPREFIX: join(folder, "prefix") };

function run(command: string[], cwd = folder): { code: number; text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    cwd,
    env: { ...env, WINEDEBUG: "-all" },
    stdin: "ignore",
    timeout: 2 * LONGEST_MS,
  });
  return { code: exitCode, text: `${stdout.toString()}${stderr.toString()}` };
}

/** For programs that go on in the background, and would hold a pipe of this one open. */
function start(command: string[]): void {
  const { exitCode } = Bun.spawnSync(command, {
    cwd: folder,
    env: { ...env, WINEDEBUG: "-all" },
    stdio: ["ignore", "ignore", "ignore"],
  });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}`);
}

function must(command: string[], code = 0, cwd = folder): string {
  const ran = run(command, cwd);
  if (ran.code === code) return ran.text;
  throw new Error(`${command.join(" ")} ended with ${ran.code}:\n${ran.text}`);
}

function check(is: boolean, what: string, found = ""): void {
  if (!is) throw new Error(`Not so: ${what}\n${found}`);
  console.log(`ok  ${what}`); // oxlint-disable-line no-console
}

async function until(what: string, is: () => boolean): Promise<void> {
  const end = performance.now() + LONGEST_MS;
  while (!is()) {
    if (performance.now() > end) throw new Error(`It did not come about that ${what}`);
    await Bun.sleep(SECOND_MS / 10);
  }
}

const TQ = String.raw`C:\Program Files\tq\tq.exe`;
const tq = (words: string[], code = 0) => must(["wine", TQ, ...words], code, shop);
const task = (id: string) =>
  JSON.parse(tq(["show", id, "--json"]).replace(/^[^{]*/, "")) as {
    state: string;
    attempts: number;
  };
const push = (...words: string[]) =>
  tq(["push", ...words, "--quiet"])
    .trim()
    .split("\n")
    .at(-1) ?? "";
const sc = (...words: string[]) => run(["wine", "sc", ...words]).text;
const isState = (state: string) => sc("query", "tq-till").includes(state);
const log = () => readFileSync(join(shop, "queue/tq-till.log"), "utf8");

async function prove(): Promise<void> {
  const installed = tq(["service", "install", "--name", "till"]);
  check(
    installed.includes("tq-till is installed: running, pid"),
    "install waits until tasks run",
    installed,
  );
  check(
    isState("RUNNING"),
    "the Service Control Manager says that it runs",
    sc("query", "tq-till"),
  );
  check(
    tq(["service", "install", "--name", "till"]).includes("already"),
    "a second install changes nothing",
  );
  check(
    tq(["service", "status", "--name", "till"]).includes("running"),
    "status says that it runs",
  );

  const id = push("write", String.raw`["C:\\a shop\\queue\\x"]`);
  await until("the task has finished", () => task(id).state === "finished");
  check(
    readFileSync(join(shop, "queue/x"), "utf8") === String.raw`C:\a shop`,
    "it runs tasks, in the folder of the project",
  );
  check(log().includes("written"), "what tasks print stands in its log", log());

  const short = push("nap", "[3]");
  await until("the task runs", () => task(short).state === "running");
  const began = performance.now();
  must(["wine", "sc", "stop", "tq-till"]);
  check(isState("STOP_PENDING"), "a stop is taken at once, while a task runs");
  await until("it has stopped", () => isState("STOPPED"));
  const took = performance.now() - began;
  check(task(short).state === "finished", "a stop waits for what runs", `${took} ms`);
  check(
    tq(["service", "status", "--name", "till"], 1).includes("stopped"),
    "status says that it is stopped",
  );

  must(["wine", "net", "start", "tq-till"]);
  await until("it runs again", () => isState("RUNNING"));
  check(true, "net start starts it again");

  const long = push("nap", "[60]");
  await until("the task runs", () => task(long).state === "running");
  must(["wine", "net", "stop", "tq-till"]);
  await until("it has stopped", () => isState("STOPPED"));
  check(
    task(long).state !== "finished",
    "a task longer than the grace is put back",
    JSON.stringify(task(long)),
  );

  const removed = tq(["service", "remove", "--name", "till"]);
  check(removed.includes("stopped and removed"), "remove says what it did", removed);
  check(!isState("STATE"), "the Service Control Manager has forgotten it", sc("query", "tq-till"));
  check(!existsSync(join(drive, "ProgramData/tq/tq-till.json")), "its file is gone");
  tq(["service", "status", "--name", "till"], 3);

  writeFileSync(join(shop, "models.ts"), 'throw new Error("broken models");\n');
  run(["wine", TQ, "service", "install", "--name", "till"], shop); // Wine does not see that a process has ended
  await until("its log says why it does not start", () => log().includes("broken models"));
  check(true, "its log says why it does not start");
}

try {
  start(["wineboot", "-i"]);
  start(["wineserver", "-k"]); // the Service Control Manager of the first start cannot describe services
  start(["wineserver", "-p600"]); // without it Wine ends its services with the last program of a user
  start(["wine", "cmd", "/c", "ver"]); // the first program starts those in the background
  writeFileSync(join(folder, "random.c"), RANDOM);
  const library = join(drive, "windows/system32/bcryptprimitives.dll");
  must(["x86_64-w64-mingw32-gcc", "-shared", "-o", library, "random.c", "-ladvapi32"]);
  mkdirSync(join(drive, "Program Files/tq"), { recursive: true });
  const target = join(drive, "Program Files/tq/tq.exe");
  if (executable === null) await build(root, target, ["--target=bun-windows-x64-baseline"]);
  else must(["cp", executable, target]);
  mkdirSync(join(shop, "queue"), { recursive: true });
  writeFileSync(join(shop, "models.ts"), MODELS);
  writeFileSync(
    join(shop, "tq.toml"),
    '[database]\npath = "queue/tq.db"\n[queue]\nworker = true\n[worker]\ngrace = "5s"\n',
  );
  await prove();
} finally {
  start(["wineserver", "-k"]);
  rmSync(folder, { recursive: true, force: true });
}
