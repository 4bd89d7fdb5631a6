/** `tq service remove`: stops a service that tq has made, and has the system forget it. */
import { TqError } from "../../src/errors.ts";
import { command } from "../command/command.ts";
import { isMadeByTq, readDefinition, removeDefinition } from "./files.ts";
import { SERVICE_FLAGS, serviceOf } from "./flags.ts";
import { isOfAnother } from "./project.ts";
import { notInstalled } from "./status.ts";

export const remove = command({
  name: "service remove",
  description: "Stop a service that tq service install has made, and take it away; tasks stay",
  flags: SERVICE_FLAGS,
  run: async (values, program) => {
    const { label, manager, other } = serviceOf(values, program);
    const refusal = manager.refusal("change");
    if (refusal !== null) throw refusal;
    const file = manager.file(label);
    if (readDefinition(file) === null) throw notInstalled(label, manager);
    if (other !== null) {
      const hint = `--name ${label.replace(/^tq-/, "")} removes it all the same`;
      throw isOfAnother(`Cannot remove ${label}`, other, hint);
    }
    if (!isMadeByTq(file)) {
      const why = `tq has not made ${file}; remove it as it was made`;
      throw new TqError("conflict", `Cannot remove ${label}: ${why}`);
    }
    manager.stop(label);
    removeDefinition(file);
    manager.removed(label);
    program.answer(
      { service: label, file },
      () => `${label} is stopped and removed; its tasks wait`,
    );
  },
});
