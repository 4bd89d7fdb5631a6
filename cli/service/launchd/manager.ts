/** Services of macOS. */
import { homedir } from "node:os";
import { join } from "node:path";
import { madeByTq, readDefinition } from "../files.ts";
import { type Manager, noRights, type ServiceState } from "../manager.ts";
import type { Scope } from "../plan.ts";
import { mustRun, runProgram, type RunProgram } from "../process.ts";
import { logOf, plistOf, runsOf } from "./plist.ts";

export function launchd(scope: Scope, run: RunProgram = runProgram): Manager {
  const library = scope === "system" ? "/Library" : join(homedir(), "Library");
  const folder = join(library, scope === "system" ? "LaunchDaemons" : "LaunchAgents");
  const domain = scope === "system" ? "system" : `gui/${process.getuid?.()}`;
  const file = (label: string) => join(folder, `${label}.plist`);
  const log = (label: string) => logOf(readDefinition(file(label)) ?? "");
  const bootOut = (label: string) => run(["launchctl", "bootout", `${domain}/${label}`]);

  const start = (label: string): void => {
    bootOut(label); // it fails where it is not loaded
    mustRun(run, ["launchctl", "enable", `${domain}/${label}`]);
    mustRun(run, ["launchctl", "bootstrap", domain, file(label)]);
  };

  return {
    name: "launchd",
    file,
    definition: plistOf,
    runs: runsOf,
    refusal: (wish) => (scope === "system" && wish !== "look" ? noRights() : null),
    all: () => madeByTq(folder, ".plist"),
    start,
    halt: (label) => void bootOut(label),
    restart: start,
    stop: (label) => void bootOut(label),
    removed: () => {},
    state: (label) => stateOf(run(["launchctl", "print", `${domain}/${label}`])),
    lastLines(label) {
      const { code, stdout } = run(["tail", "-n", "5", log(label)]);
      return code === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
    },
    logCommand: (label) => `tail -f ${log(label)}`,
    notes: () => [],
  };
}

function stateOf({ code, stdout }: { code: number; stdout: string }): ServiceState {
  const value = (name: string) => new RegExp(`^\\s*${name} = (.*)$`, "m").exec(stdout)?.[1];
  const pid = Number(value("pid") ?? 0);
  const isRunning = value("state") === "running";
  const last = value("last exit code");
  const hasEnded = /^\d/.test(last ?? ""); // else it is "(never exited)"
  return {
    state: isRunning ? "running" : code !== 0 ? "stopped" : hasEnded ? "restarting" : "starting",
    enabled: code === 0,
    pid: pid === 0 ? null : pid,
    since: null,
    restarts: Math.max(Number(value("runs") ?? 0) - 1, 0),
    words: isRunning || !hasEnded ? "" : `it ended with ${last}`,
  };
}
