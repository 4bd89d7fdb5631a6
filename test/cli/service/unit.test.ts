/** The unit of systemd that a service becomes. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine, readCommandLine } from "../../../cli/service/systemd/quoting.ts";
import { runsOf, unitOf } from "../../../cli/service/systemd/unit.ts";
import { makeFolder } from "../../support/folder.ts";
import { needs } from "../../support/needs.ts";
import { plan } from "./support.ts";

const NASTY = [
  "/srv/my 100% shop/tq",
  "-c",
  '/srv/100% "of" $HOME/it\'s.toml',
  "a\\b",
  "worker",
  ";",
];

test("a command is read from a unit as it was written into it", () => {
  expect(readCommandLine(commandLine(NASTY))).toEqual(NASTY);
  const { command, folder } = runsOf(unitOf(plan({ command: NASTY, folder: "/srv/100%" })));
  expect(command).toEqual(NASTY);
  expect(folder).toBe("/srv/100%");
});

test("a command is quoted as systemd reads it", () => {
  expect(commandLine(["/bin/tq", "50%", "$HOME", "two words"])).toBe(
    '/bin/tq 50%% "$$HOME" "two words"',
  );
});

test("an executable that systemd would not run is refused", () => {
  expect(() => unitOf(plan({ command: ['/srv/"x"/tq', "worker"] }))).toThrow("put tq elsewhere");
});

test("a stop may take longer than the grace", () => {
  expect(unitOf(plan({ grace: 90_500 }))).toContain("\nTimeoutStopSec=101\n");
});

test("the unit of a worker has a reload, and that of the API, which has nothing to reload, has none", () => {
  expect(unitOf(plan({ serves: false }))).toContain("\nExecReload=/bin/kill -HUP $MAINPID\n");
  expect(unitOf(plan({ serves: true }))).not.toContain("ExecReload");
});

test("homes are hidden where the project needs none", () => {
  expect(unitOf(plan())).toContain("\nProtectHome=yes\n");
});

test.each([
  ["the project", plan({ folder: "/home/anna/shop" })],
  ["the executable", plan({ reads: ["/root/tq"] })],
  ["the database", plan({ writes: "/home/anna/queue" })],
  ["the user", plan({ user: { name: "anna", id: 1000, home: "/home/anna" } })],
])("homes stay visible where %s is in one", (_name, at) => {
  expect(unitOf(at)).not.toContain("ProtectHome");
});

test("a database below /etc or /usr stays writable", () => {
  expect(unitOf(plan({ writes: "/usr/local/queue" }))).toContain("ReadWritePaths=/usr/local/queue");
  expect(unitOf(plan())).not.toContain("ReadWritePaths");
});

test("a service of a user names no user, and asks for nothing that needs rights", () => {
  const unit = unitOf(plan({ scope: "user", user: null }));
  expect(unit).not.toMatch(/^(User|Protect\w+|CapabilityBoundingSet|RequiresMountsFor)=/m);
  expect(unit).toContain("WantedBy=default.target");
});

/** Made of files that are there: systemd looks for them. */
function unitFile(path: string, changes: Parameters<typeof plan>[0] = {}): string {
  const folder = join(path, `my shop 100% "x" 'y' $z`);
  const programs = join(path, "my 100% $programs");
  mkdirSync(folder);
  mkdirSync(programs);
  const program = join(programs, "tq");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  const command = [program, "-c", join(folder, "tq.toml"), "worker", "--queue", "$HOME"];
  const user = { name: "daemon", id: 1, home: "/usr/sbin" };
  const file = join(path, "tq-shop.service");
  writeFileSync(file, unitOf(plan({ folder, command, user, writes: folder, ...changes })));
  return file;
}

function systemdAnalyze(...args: string[]) {
  const env = { ...process.env, SYSTEMD_COLORS: "0", XDG_RUNTIME_DIR: tmpdir() };
  const { exitCode, stdout, stderr } = Bun.spawnSync(["systemd-analyze", ...args], { env });
  return { code: exitCode, text: stdout.toString() + stderr.toString() };
}

needs("systemd-analyze").describe("systemd-analyze", () => {
  test("finds nothing to say against a unit", () => {
    using folder = makeFolder();
    expect(systemdAnalyze("verify", unitFile(folder.path))).toEqual({ code: 0, text: "" });
  });

  test("finds nothing to say against the unit of a user", () => {
    using folder = makeFolder();
    const file = unitFile(folder.path, { scope: "user", user: null });
    expect(systemdAnalyze("verify", "--user", file)).toEqual({ code: 0, text: "" });
  });

  test("finds a unit of the machine safe enough", () => {
    using folder = makeFolder();
    const unit = unitFile(folder.path);
    const { code, text } = systemdAnalyze("security", "--offline=true", "--threshold=45", unit);
    expect(text).toContain("Overall exposure level");
    expect(code).toBe(0);
  });
});
