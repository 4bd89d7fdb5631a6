/** Runs a recurring task by hand for a server, which may know models. */
import type { ModelCatalog } from "../../catalog.ts";
import type { CronDefinition } from "../../cron/definition.ts";
import { definitionOf } from "../../cron/in-force.ts";
import { isOwn } from "../../cron/own.ts";
import type { Store } from "../../store/store.ts";
import { checkCronTask } from "./check-task.ts";
import { pushCron, rowNamed, type RunOptions } from "./control.ts";
import { type FileCrons, takeUp } from "./known.ts";

interface Known {
  readonly store: Store;
  readonly files: FileCrons;
  readonly catalog: () => ModelCatalog | null;
  /** Throws where it may not be run. */
  readonly check: (definition: CronDefinition) => void;
}

/** As `pushCron`, of one that only a file has, too; refused where its task calls nothing that there is. */
export async function runKnown(
  { store, files, catalog, check }: Known,
  name: string,
  options: RunOptions,
): Promise<number | null> {
  await takeUp(store, files, name);
  if (!isOwn(name)) {
    const definition = definitionOf(await rowNamed(store, name));
    check(definition);
    const calls = { catalog: catalog(), onRecords: files.onRecords };
    checkCronTask(definition, calls, `Cannot run ${name}`);
  }
  return pushCron(store, name, options);
}
