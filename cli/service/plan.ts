/** The plan of a service: the same for each system. */
import { basename, dirname } from "node:path";
import { TqError } from "../../src/errors.ts";
import { isInExecutable } from "../../src/registry/executable.ts";
import { realFile } from "../../src/registry/model-files.ts";
import type { Config } from "../../src/settings/config.ts";
import { projectFolder } from "./project.ts";
import { findUser, ownerOf, type User } from "./users.ts";

export type Scope = "system" | "user";

export interface Plan {
  /** The name of the service for the system: `tq-shop`. */
  readonly label: string;
  readonly scope: Scope;
  /** True: the API alone, which reads its models at its start, and has no reload. */
  readonly serves: boolean;
  /** One line for people. */
  readonly description: string;
  /** The executable, and its arguments. */
  readonly command: readonly string[];
  readonly folder: string;
  /** As whom it runs; null: as the user whose service it is. */
  readonly user: User | null;
  /** The ms that running tasks have to end at a stop. */
  readonly grace: number;
  /** The folder of the database, which the service writes. */
  readonly writes: string;
  /** The other paths that it must be able to read. */
  readonly reads: readonly string[];
}

export interface Wanted {
  readonly scope: Scope;
  readonly label: string;
  readonly as: string | undefined;
  readonly queues: readonly string[];
  /** True: `tq serve` in place of a worker. */
  readonly serves: boolean;
}

/** @throws TqError "invalid" where no service can be made of these. */
export function planOf(config: Config, wanted: Wanted): Plan {
  const { scope, label, serves } = wanted;
  const folder = projectFolder(config);
  const words = commandOf(config, wanted);
  const paths = [folder, config.database.path, ...words];
  const odd = paths.find((path) => isOdd(path));
  if (odd !== undefined) {
    const why = "a path with a control character, or a backslash at its end, cannot stand in it";
    throw new TqError("invalid", `Cannot make a service of ${JSON.stringify(odd)}: ${why}`);
  }
  return {
    label,
    scope,
    serves,
    description: `tq ${serves ? "API" : "worker"} of ${folder}`,
    command: words,
    folder,
    user: scope === "user" ? null : userOf(config, wanted),
    grace: serves ? 0 : config.worker.grace,
    writes: dirname(config.database.path),
    reads: [...executable(), config.file, config.models].filter((path) => path !== null),
  };
}

/** This program: the executable, or Bun with the source that it runs. */
function executable(): string[] {
  return isInExecutable(Bun.main) ? [process.execPath] : [process.execPath, Bun.main];
}

function isOdd(path: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]|\\$/.test(path);
}

function commandOf(config: Config, { queues, serves }: Wanted): string[] {
  const { file, database, models, origins } = config;
  if (origins["database.url"] !== "default" && origins["database.url"] !== "tq.toml") {
    const why = "its command would show it to every user of this machine";
    throw new TqError(
      "invalid",
      `Cannot make a service with the database of ${origins["database.url"]}: ${why}; write database.url into tq.toml`,
    );
  }
  return [
    ...executable(),
    ...(file === null ? [] : ["-c", file]),
    ...(origins["database.path"] === "--database" ? ["-d", database.path] : []),
    ...(models !== null && needsModels(config) ? ["--models", models] : []),
    serves ? "serve" : "worker",
    ...queues.flatMap((queue) => ["--queue", queue]),
  ];
}

/** A service that starts in a link to a folder would only know where it leads: a reload would stay there. */
function needsModels({ file, models, origins }: Config): boolean {
  if (origins.models === "--models") return true;
  return file === null && models !== null && realFile(dirname(models)) !== dirname(models);
}

function userOf({ database }: Config, { as }: Wanted): User | null {
  if (process.platform === "win32") {
    if (as === undefined) return null;
    throw new TqError("invalid", "--as cannot be used on Windows: a service runs as LOCAL SERVICE");
  }
  const owner = ownerOf(database.path);
  const who = as ?? String(owner);
  const user = findUser(who);
  if (user === null) {
    const whose = as === undefined ? `, who owns ${database.path}` : "";
    const what = "make it first (useradd --system), or name another one with --as";
    throw new TqError("invalid", `There is no user ${who}${whose}: ${what}`);
  }
  if (user.id !== 0 || as !== undefined) return user;
  throw new TqError(
    "invalid",
    `The service would run the models as root, who owns ${database.path} or its folder: give the folder of the database to a user of its own (chown), name a user with --as, or say --as root`,
  );
}

/** Of the files of services. */
const ENDING = /\.(?:service|plist)$/;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** The name of a service for the system. @param name default: that of the project's folder */
export function labelOf(name: string | undefined, config: () => Config, serves = false): string {
  const given = name ?? defaultName(config()) + (serves ? "-api" : "");
  const wrong = (why: string) =>
    new TqError("invalid", `--name cannot be ${JSON.stringify(given)}: ${why}`);
  const rule = "at most 64 letters, digits, dots, dashes and underscores, a letter or digit first";
  if (!NAME.test(given)) throw wrong(`it has ${rule}`);
  const end = ENDING.exec(given)?.[0];
  if (end !== undefined) throw wrong(`the system adds ${end} itself; leave it out`);
  return `tq-${given}`;
}

function defaultName(config: Config): string {
  const words = basename(projectFolder(config)).match(/[A-Za-z0-9_.-]+/g) ?? [];
  return (
    words
      .join("-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 60)
      .replace(ENDING, "") || "queue"
  );
}
