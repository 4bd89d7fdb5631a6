/** Services of systemd. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { TqError } from "../../../src/errors.ts";
import { type Manager, noRights, type ServiceState, type Wish } from "../manager.ts";
import type { Scope } from "../plan.ts";
import { mustRun, runProgram, type RunProgram } from "../process.ts";
import { madeByTq } from "../files.ts";
import { findUser } from "../users.ts";
import { runsOf, unitOf } from "./unit.ts";

/** Where systemd keeps what it works with: without it, it does not run the machine (`man 3 sd_booted`). */
const BOOTED = "/run/systemd/system";

export function systemd(scope: Scope, run: RunProgram = runProgram, booted = BOOTED): Manager {
  const systemctl = ["systemctl", ...(scope === "user" ? ["--user"] : [])];
  const folder =
    scope === "system"
      ? "/etc/systemd/system"
      : join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "systemd/user");
  const unit = (label: string) => `${label}.service`;
  const file = (label: string) => join(folder, unit(label));
  const journalctl = (label: string) =>
    `journalctl ${scope === "user" ? "--user-unit" : "-u"} ${label}`;

  return {
    name: "systemd",
    file,
    definition: unitOf,
    runs: runsOf,
    refusal: (wish) =>
      scope === "user"
        ? noUserManager(run, booted, wish)
        : (notBooted(booted, wish) ?? (wish === "look" ? null : noRights())),
    all: () => madeByTq(folder, ".service"),
    start(label) {
      mustRun(run, [...systemctl, "daemon-reload"]);
      mustRun(run, [...systemctl, "enable", "--quiet", unit(label)]);
      mustRun(run, [...systemctl, "start", "--no-block", unit(label)]);
    },
    halt: (label) => void mustRun(run, [...systemctl, "stop", unit(label)]),
    restart: (label) => void mustRun(run, [...systemctl, "restart", "--no-block", unit(label)]),
    stop(label) {
      mustRun(run, [...systemctl, "disable", "--quiet", "--now", unit(label)]);
    },
    removed(label) {
      mustRun(run, [...systemctl, "daemon-reload"]);
      run([...systemctl, "reset-failed", unit(label)]); // it fails where nothing has
    },
    state: (label) =>
      stateOf(mustRun(run, [...systemctl, "show", `--property=${PROPERTIES}`, unit(label)])),
    lastLines(label) {
      const [command = "", ...args] = journalctl(label).split(" ");
      const { code, stdout } = run([command, ...args, "-n", "5", "-o", "cat", "--no-pager"]);
      return code === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
    },
    logCommand: (label) => `${journalctl(label)} -f`,
    notes: () => (scope === "user" ? lingerNotes() : []),
  };
}

const PROPERTIES =
  "ActiveState,SubState,UnitFileState,MainPID,NRestarts,Result,ExecMainStatus,ExecMainStartTimestamp,StatusText";

function stateOf(shown: string): ServiceState {
  const lines = shown.split("\n").map((line) => /^(\w+)=(.*)$/.exec(line) ?? []);
  const has = new Map(lines.map(([, name = "", value = ""]) => [name, value]));
  const isAgain = has.get("SubState") === "auto-restart";
  const state = isAgain ? "restarting" : (STATES[has.get("ActiveState") ?? ""] ?? "stopped");
  const pid = Number(has.get("MainPID") ?? 0);
  const since = Date.parse(has.get("ExecMainStartTimestamp")?.replace(/^\w+ /, "") ?? "");
  const restarts = Number(has.get("NRestarts") ?? 0);
  return {
    state,
    enabled: has.get("UnitFileState") === "enabled",
    pid: pid === 0 ? null : pid,
    since: pid === 0 || Number.isNaN(since) ? null : since,
    restarts,
    words: wordsOf(has),
  };
}

const STATES: Readonly<Record<string, ServiceState["state"]>> = {
  active: "running",
  reloading: "running",
  activating: "starting",
  deactivating: "stopping",
  failed: "failed",
  inactive: "stopped",
};

function wordsOf(has: ReadonlyMap<string, string>): string {
  const status = has.get("StatusText") ?? "";
  const active = has.get("ActiveState");
  if (has.get("SubState") !== "auto-restart" && active !== "failed") {
    return active === "inactive" ? "" : status; // it is that of the last process
  }
  const why =
    has.get("Result") === "exit-code"
      ? `exit code ${has.get("ExecMainStatus")}`
      : has.get("Result");
  return `it ended with ${why}`;
}

function notBooted(booted: string, wish: Wish): TqError | null {
  if (existsSync(booted)) return null;
  const advice =
    wish === "install"
      ? "in a container tq worker is the container's own program; elsewhere --print prints the unit, or the file for another system with --for"
      : "it has no services here; tq status shows the workers that run, however they were started";
  return new TqError(
    "not_found",
    `systemd does not run this machine (there is no ${booted}): ${advice}`,
  );
}

function noUserManager(run: RunProgram, booted: string, wish: Wish): TqError | null {
  const by = process.env["SUDO_USER"];
  if (by && process.getuid?.() === 0) {
    return new TqError(
      "invalid",
      `--user is about the user root here: run it as ${by}, without sudo`,
    );
  }
  const { code, stderr } = run(["systemctl", "--user", "show", "--property=Version"]);
  if (code === 0) return null;
  const why = stderr.trim().split("\n").at(-1) || "it says nothing";
  const none = notBooted(booted, wish);
  if (none !== null) return none;
  return new TqError(
    "not_found",
    `The systemd of this user does not answer (${why}): log in as the user, as su and sudo do not start it, or leave out --user`,
  );
}

/** Without it systemd ends all services of a user who logs out, and starts none at boot. */
function lingerNotes(): string[] {
  const user = findUser(String(process.getuid?.()));
  if (user === null || existsSync(`/var/lib/systemd/linger/${user.name}`)) return [];
  return [
    `It ends when ${user.name} logs out, and does not start at boot: loginctl enable-linger changes that`,
  ];
}
