/** The services and databases that an upgrade is about. */
import { hostname } from "node:os";
import { type Config, loadConfig } from "../../src/settings/config.ts";
import { realFile } from "../../src/registry/model-files.ts";
import { peekAt } from "../../src/open-store.ts";
import type { LivingProgram } from "../../src/store/peeked.ts";
import { databaseName } from "../../src/values/database-url.ts";
import { readDefinition } from "../service/files.ts";
import type { Manager, Runs } from "../service/manager.ts";
import { ownManager } from "../service/managers.ts";

export interface AffectedService {
  readonly label: string;
  readonly manager: Manager;
  readonly database: DatabasePlace;
  /** Its process; null: it does not run, and is not started. */
  readonly pid: number | null;
  readonly isUp: boolean;
}

type DatabasePlace = Config["database"];

export interface AffectedDatabase {
  /** Its path, or the server and its name there. */
  readonly name: string;
  readonly isServer: boolean;
  readonly schema: number;
  /** The processes that run tasks of it and are no service. */
  readonly others: readonly LivingProgram[];
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
  return [{ label, manager, database: configOf(runs).database, pid, isUp }];
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
  const all = [...services.map(({ database }) => database), config.database];
  // A link may lead to one that is known already.
  const places = new Map(all.map((place) => [place.url ?? realFile(place.path), place]));
  const found: AffectedDatabase[] = [];
  for (const [path, database] of places) {
    const { url } = database;
    const peeked = await peekAt({ database: url === null ? { ...database, path } : database });
    if (peeked === null || peeked.schema === 0) continue;
    const isService = ({ pid, host = hostname() }: LivingProgram) =>
      host === hostname() && pids.includes(pid);
    const others = peeked.programs.filter((program) => !isService(program));
    const name = url === null ? path : databaseName(url);
    found.push({ name, isServer: url !== null, schema: peeked.schema, others });
  }
  return found;
}
