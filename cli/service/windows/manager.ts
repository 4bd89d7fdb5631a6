/** Services of Windows. */
import { join } from "node:path";
import { SECOND_MS } from "../../../src/values/duration.ts";
import { TqError } from "../../../src/errors.ts";
import { lastLinesOf } from "../last-lines.ts";
import { madeByTq, readDefinition } from "../files.ts";
import type { Manager, ServiceState } from "../manager.ts";
import type { Scope } from "../plan.ts";
import { mustRun, runProgram } from "../process.ts";
import { serviceWords } from "./as-service.ts";
import { type Definition, definitionOf, readPlan } from "./definition.ts";
import { commandLine } from "./quoting.ts";
import { type Look, lookUp, STATES } from "./scm.ts";
import { scheduledTaskOf } from "./task.ts";

/** A stop may take this much longer than the grace. */
const AFTER_GRACE_MS = 10 * SECOND_MS;

const LOOK_MS = 100;

/** The exit code of a service that has not been started since the start of the machine. */
const NEVER_STARTED = 1077;

const SYSTEM = { run: runProgram, look: lookUp, sleep: (ms: number) => Bun.sleepSync(ms) };

export function windows(scope: Scope, system: typeof SYSTEM = SYSTEM): Manager {
  const { run, look, sleep } = system;
  const folder = join(process.env["ProgramData"] ?? String.raw`C:\ProgramData`, "tq");
  const file = (label: string) => join(folder, `${label}.json`);
  const plan = (label: string) => readPlan(readDefinition(file(label)) ?? "");
  const sc = (...words: string[]) => mustRun(run, ["sc.exe", ...words]);

  const create = (label: string, made: Definition): void => {
    const { command, description, account } = made;
    const path = commandLine([...command, ...serviceWords(made)]);
    sc("create", label, "binPath=", path, "start=", "auto", "obj=", account);
    sc("description", label, description);
    sc("failure", label, "reset=", "86400", "actions=", "restart/5000"); // the last action holds for all that follow
  };

  const begin = (label: string): void => {
    const made = plan(label);
    const isNew = look(label) === null;
    try {
      if (isNew && made !== null) create(label, made);
      sc("start", label);
    } catch (error) {
      if (isNew) run(["sc.exe", "delete", label]);
      throw error;
    }
  };

  const halt = (label: string): void => {
    run(["sc.exe", "stop", label]); // it fails where it does not run
    const patience = (plan(label)?.grace ?? 0) + AFTER_GRACE_MS;
    for (let waited = 0; waited < patience; waited += LOOK_MS) {
      if ((look(label)?.state ?? STATES.stopped) === STATES.stopped) return;
      sleep(LOOK_MS);
    }
  };

  return {
    name: "Windows",
    refusal: () => (scope === "user" ? noUsers() : null),
    file,
    definition: (made) => (scope === "user" ? scheduledTaskOf(made) : definitionOf(made)),
    runs: (text) => readPlan(text) ?? { command: [], folder: "" },
    all: () => madeByTq(folder, ".json"),
    start: begin,
    halt,
    restart(label) {
      halt(label);
      begin(label);
    },
    stop(label) {
      halt(label);
      if (look(label) !== null) sc("delete", label);
    },
    removed: () => {},
    state: (label) => stateOf(look(label)),
    lastLines: (label) => lastLinesOf(plan(label)?.log ?? ""),
    logCommand: (label) => `Get-Content -Wait "${plan(label)?.log ?? ""}"`,
    notes: (label) => [
      `It runs as LOCAL SERVICE, which must be able to write the folder of the database: icacls "${join(plan(label)?.log ?? "", "..")}" /grant "*S-1-5-19:(OI)(CI)M" gives it that`,
    ],
  };
}

function noUsers(): TqError {
  return new TqError(
    "invalid",
    "Windows has no services of users. With --user --print tq prints a task of the Task Scheduler, which starts the worker as you log in: tq service install --user --print > tq.xml, then, in PowerShell, Register-ScheduledTask -TaskName tq -Xml (Get-Content tq.xml -Raw)",
  );
}

function stateOf(look: Look | null): ServiceState {
  const { state, exitCode, pid } = look ?? { state: STATES.stopped, exitCode: 0, pid: 0 };
  const hasFailed = state === STATES.stopped && exitCode !== 0 && exitCode !== NEVER_STARTED;
  return {
    state: hasFailed ? "restarting" : (NAMES[state] ?? "stopped"),
    enabled: look !== null,
    pid: pid === 0 ? null : pid,
    since: null,
    restarts: 0,
    words: hasFailed ? `it ended with error ${exitCode} of Windows` : "",
  };
}

const NAMES: Readonly<Record<number, ServiceState["state"]>> = {
  [STATES.startPending]: "starting",
  [STATES.stopPending]: "stopping",
  [STATES.running]: "running",
};
