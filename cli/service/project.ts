/** Whose a service is: two projects may have folders of one name. */
import { dirname } from "node:path";
import { TqError } from "../../src/errors.ts";
import { realFile } from "../../src/registry/model-files.ts";
import type { Config } from "../../src/settings/config.ts";
import { standingFolder } from "../../src/settings/standing-folder.ts";
import { isOfTq } from "./files.ts";
import type { Manager, Runs } from "./manager.ts";

/** The folder in which commands of tq find these settings. */
export function projectFolder({ file }: Config): string {
  return file === null ? standingFolder() : dirname(file);
}

/** The other project whose service this definition is, by its settings file or its folder; null: it is this one's. */
export function otherProject(
  definition: string | null,
  manager: Manager,
  config: Config,
): string | null {
  if (definition === null || !isOfTq(definition)) return null;
  const runs = manager.runs(definition);
  const file = fileOf(runs);
  const pair =
    file !== null && config.file !== null
      ? [file, config.file]
      : [runs.folder, projectFolder(config)];
  const [theirs = "", mine = ""] = pair.map(realFile);
  return theirs === mine ? null : (file ?? runs.folder);
}

function fileOf({ command }: Runs): string | null {
  const at = command.indexOf("-c", 1);
  return command[at === -1 ? command.length : at + 1] ?? null;
}

/** @param what such as `Cannot remove tq-shop` */
export function isOfAnother(what: string, project: string, hint: string): TqError {
  return new TqError(
    "conflict",
    `${what}: it is the service of another project, ${project}; ${hint}`,
  );
}
