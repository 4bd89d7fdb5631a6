/** `tq upgrade`: puts another tq in the place of this one, beside running workers. */
import { accessSync, constants, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { pathInShell } from "../../src/in-shell.ts";
import { TqError } from "../../src/errors.ts";
import { printable } from "../../src/printable.ts";
import { isInExecutable } from "../../src/registry/executable.ts";
import { VERSION } from "../../src/version.ts";
import { command } from "../command/command.ts";
import type { Program } from "../command/program.ts";
import { noRights } from "../service/manager.ts";
import { isWell, stateOnceStarted } from "../service/started.ts";
import { stateWords } from "../service/words.ts";
import { type AffectedService, databasesOf, servicesOf } from "./affected.ts";
import { Candidate, cannotWrite } from "./candidate.ts";
import { type Change, checkSchemas, hasNewSchema, replace } from "./change.ts";

export const upgrade = command({
  name: "upgrade",
  description: "Put another tq in the place of this one, and restart its services",
  flags: {
    file: {
      type: "positional",
      isPath: true,
      description: "The executable of the other tq; it stays where it is",
    },
    "new-schema": {
      type: "boolean",
      description: "Go on where the other tq changes the schema: a backup is the only way back",
    },
  },
  run: async (values, program) => {
    const target = ownPath();
    using candidate = new Candidate(values.file, target);
    if (candidate.isSame) {
      return program.answer({ target, from: VERSION, to: VERSION, services: [] }, () => {
        return `${target} is this very build, ${VERSION}: nothing was changed`;
      });
    }
    const build = candidate.build();
    const services = servicesOf(target);
    refuseWithoutRights(services);
    const databases = await databasesOf(services, program.config());
    checkSchemas(databases, build, values["new-schema"] === true);
    const old = replace(candidate.path, target, { build, databases, services });
    return answer({ target, old, build, databases, services }, program);
  },
});

/** @throws TqError where this tq is no file that can be replaced. */
function ownPath(): string {
  if (!isInExecutable(Bun.main)) {
    throw new TqError(
      "invalid",
      "Cannot upgrade: this tq runs from its source; git pull does that",
    );
  }
  const target = realpathSync(process.execPath);
  try {
    accessSync(dirname(target), constants.W_OK);
  } catch (error) {
    throw cannotWrite(target, error);
  }
  return target;
}

/** @throws TqError "invalid" where this user may not restart one of them. */
function refuseWithoutRights(services: readonly AffectedService[]): void {
  const isDenied = services.some(({ isUp, manager }) => isUp && manager.refusal("change") !== null);
  const denied = isDenied ? noRights() : null;
  if (denied !== null) throw denied;
}

interface Upgraded extends Change {
  readonly target: string;
  readonly old: string;
}

async function answer(done: Upgraded, program: Program): Promise<number> {
  const { target, old, build, services } = done;
  const restarted = services.filter(({ isUp }) => isUp);
  const states = await Promise.all(
    restarted.map(async ({ label, manager }) => {
      const state = await stateOnceStarted(label, manager);
      const well = isWell(state);
      return { service: label, ...state, well, log: well ? [] : manager.lastLines(label) };
    }),
  );
  const undo = hasNewSchema(done)
    ? `stop all that uses it, mv ${pathInShell(old)} ${pathInShell(target)}, and restore the backup`
    : `tq upgrade ${pathInShell(old)}`;
  const data = { target, from: VERSION, to: build.version, old, undo, services: states };
  program.answer(data, () =>
    [
      `${target} is tq ${build.version} now; it was ${VERSION}`,
      ...states.flatMap(({ service, log, ...state }) => [
        `${service} is restarted: ${stateWords(state)}`,
        ...log.map((line) => `  ${printable(line)}`),
      ]),
      ...othersLines(done),
      `to undo it: ${undo}`,
    ].join("\n"),
  );
  return states.every(({ well }) => well) ? 0 : 1;
}

/** Programs that were not restarted go on with the old executable. */
function othersLines({ databases, build }: Upgraded): string[] {
  return databases.flatMap(({ name, others }) =>
    others
      .filter(({ version }) => version !== build.version)
      .map(
        ({ pid, host = hostname() }) =>
          `The program with pid ${pid}${host === hostname() ? "" : ` on ${host}`} runs tasks of ${name} with ${host === hostname() ? "the old one: restart it" : "another tq: upgrade that host too"}`,
      ),
  );
}
