/** The services and databases that an upgrade is about. */
import { type Config, loadConfig } from "../../src/settings/config.ts";
import { realFile } from "../../src/registry/model-files.ts";
import { peekAt } from "../../src/open-store.ts";
import { readDefinition } from "../service/files.ts";
import type { Manager, Runs } from "../service/manager.ts";
import { ownManager } from "../service/managers.ts";

export interface AffectedService {
  readonly label: string;
  readonly manager: Manager;
  readonly database: string;
  /** Its process; null: it does not run, and is not started. */
  readonly pid: number | null;
  readonly isUp: boolean;
}

export interface AffectedDatabase {
  readonly path: string;
  readonly schema: number;
  /** The processes that run tasks of it and are no service. */
  readonly others: readonly { readonly pid: number; readonly version: string | null }[];
}

/** The services of tq, of the machine and of this user, that run this executable. */
export function servicesOf(target: string): AffectedService[] {
  const managers = [
    ownManager("system"),
    ...(process.getuid?.() === 0 ? [] : [ownManager("user")]),
  ];
  return managers
    .filter((manager) => manager.refusal("look") === null)
    .flatMap((manager) => manager.all().flatMap((label) => serviceOf(label, manager, target)));
}

function serviceOf(label: string, manager: Manager, target: string): AffectedService[] {
  const runs = manager.runs(readDefinition(manager.file(label)) ?? "");
  if (realFile(runs.command[0] ?? "") !== target) return [];
  const { state, pid } = manager.state(label);
  const isUp = state === "running" || state === "starting";
  return [{ label, manager, database: configOf(runs).database.path, pid, isUp }];
}

/** The settings that the service has, but for variables of its own. */
function configOf({ command, folder }: Runs): Config {
  const after = (flag: string) => command[command.indexOf(flag, 1) + 1];
  const file = command.includes("-c") ? after("-c") : undefined;
  const database = command.includes("-d") ? after("-d") : undefined;
  return loadConfig({ cwd: folder, env: {}, file, flags: { "database.path": database } });
}

/** The databases of these services, and that of the current folder, as far as they are there. */
export async function databasesOf(
  services: readonly AffectedService[],
  config: Config,
): Promise<AffectedDatabase[]> {
  const pids = services.map(({ pid }) => pid);
  const all = [...services.map(({ database }) => database), config.database.path];
  const paths = new Set(all.map(realFile)); // a link may lead to one that is known already
  const found: AffectedDatabase[] = [];
  for (const path of paths) {
    const peeked = await peekAt({ database: { ...config.database, url: null, path } });
    if (peeked === null || peeked.schema === 0) continue;
    const others = peeked.programs.filter(({ pid }) => !pids.includes(pid));
    found.push({ path, schema: peeked.schema, others });
  }
  return found;
}
