/** A worker that Windows starts: tq prints the definition, and does no more. */
import { TqError } from "../../../src/errors.ts";
import type { Manager } from "../manager.ts";
import { scheduledTaskOf } from "./task.ts";

export function windows(): Manager {
  const refused = () =>
    new TqError(
      "invalid",
      "tq installs no service on Windows. With --print it prints a task of the Task Scheduler, which starts the worker with the machine: tq service install --print > tq.xml, then, in a PowerShell of an administrator, Register-ScheduledTask -TaskName tq -Xml (Get-Content tq.xml -Raw)",
    );
  const refuse = (): never => {
    throw refused();
  };
  return {
    name: "Windows",
    refusal: refused,
    file: (label) => `${label}.xml`,
    definition: scheduledTaskOf,
    runs: () => ({ command: [], folder: "" }),
    all: () => [],
    start: refuse,
    halt: refuse,
    restart: refuse,
    stop: refuse,
    removed: refuse,
    state: refuse,
    lastLines: () => [],
    logCommand: () => "",
    notes: () => [],
  };
}
