/** `tq service status`: says whether a service runs. */
import { TqError } from "../../src/errors.ts";
import { printable } from "../../src/printable.ts";
import { command } from "../command/command.ts";
import { block } from "../terminal/table.ts";
import { readDefinition } from "./files.ts";
import { SERVICE_FLAGS, serviceOf } from "./flags.ts";
import type { Manager, ServiceState } from "./manager.ts";
import { stateWords } from "./words.ts";

export const status = command({
  name: "service status",
  description: "Say whether a service runs, since when, and where its log is",
  flags: SERVICE_FLAGS,
  run: async (values, program) => {
    const { label, manager, other } = serviceOf(values, program);
    const file = manager.file(label);
    if (readDefinition(file) === null) throw notInstalled(label, manager);
    if (other !== null) {
      const hint = `--name ${label.replace(/^tq-/, "")} shows it, and tq service install --name makes one`;
      const why = `${label} is that of another one, ${other}; ${hint}`;
      throw new TqError("not_found", `This project has no service: ${why}`);
    }
    const state = manager.state(label);
    const isRunning = state.state === "running";
    const lines = isRunning ? [] : manager.lastLines(label);
    program.answer({ service: label, file, ...state, log: lines }, () =>
      [
        block([
          ["service", label],
          ["state", stateWords(state)],
          ["at boot", bootWords(state, values.user === true)],
          ["defined in", file],
          ["log", manager.logCommand(label)],
        ]),
        ...lines.map((line) => `  ${printable(line)}`),
      ].join("\n"),
    );
    return isRunning ? 0 : 1;
  },
});

function bootWords({ enabled }: ServiceState, isOfUser: boolean): string {
  if (!enabled) return "it is not started";
  return isOfUser ? "it starts as its user logs in" : "it starts with the machine";
}

export function notInstalled(label: string, manager: Manager): TqError {
  const others = manager.all();
  const hint =
    others.length === 0
      ? "tq service install makes one"
      : `tq has made ${others.join(", ")}; --name names one, without tq-`;
  return new TqError("not_found", `There is no service ${label} (${manager.file(label)}): ${hint}`);
}
