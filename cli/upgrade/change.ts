/** The change from one tq to another, under the services that run it. */
import { TqError } from "../../src/errors.ts";
import type { AffectedDatabase, AffectedService } from "./affected.ts";
import type { Build } from "./candidate.ts";
import { swap } from "./swap.ts";

/** @throws TqError where the other tq cannot use a database, or would keep this one out of it. */
export function checkSchemas(
  databases: readonly AffectedDatabase[],
  build: Build,
  isTold: boolean,
): void {
  for (const database of databases) checkSchema(database, build, isTold);
}

function checkSchema(database: AffectedDatabase, build: Build, isTold: boolean): void {
  const { name, isServer, schema: present, others } = database;
  const { version } = build;
  const schema = schemaFor(build, database);
  if (schema === null) {
    throw new TqError(
      "conflict",
      `Cannot upgrade to tq ${version}: it knows no PostgreSQL, and the queue is in ${name}`,
    );
  }
  if (schema < present) {
    throw new TqError(
      "conflict",
      `Cannot upgrade to tq ${version}: ${name} has schema ${present}, and that tq knows up to ${schema}; it could use only a backup from before`,
    );
  }
  if (schema === present) return;
  if (!isTold) {
    const after = isServer
      ? "no older tq can connect from then on, and older workers of other hosts go on only where they can"
      : "from then on this tq is refused";
    const backup = isServer ? "a dump (pg_dump)" : "a backup";
    throw new TqError(
      "conflict",
      `tq ${version} brings ${name} from schema ${present} to ${schema} as soon as it opens it, and ${after}: make ${backup}, the only way back, and give --new-schema`,
    );
  }
  if (others.length === 0 || isServer) return;
  const pids = others.map(({ pid }) => pid).join(", ");
  throw new TqError(
    "conflict",
    `Cannot upgrade to tq ${version}: programs that are no service run tasks of ${name} with schema ${present} (pid ${pids}), and would keep the new tq out; stop them first`,
  );
}

/** The version to which the build brings this database; null: it cannot use it. */
function schemaFor({ schema, serverSchema }: Build, { isServer }: AffectedDatabase): number | null {
  return isServer ? serverSchema : schema;
}

export interface Change {
  readonly build: Build;
  readonly databases: readonly AffectedDatabase[];
  readonly services: readonly AffectedService[];
}

export function hasNewSchema({ build, databases }: Change): boolean {
  return databases.some((database) => database.schema !== schemaFor(build, database));
}

/** A service whose database gets another schema stops first: while it lives, the other tq is refused. */
export function replace(candidate: string, target: string, change: Change): string {
  const running = change.services.filter(({ isUp }) => isUp);
  try {
    if (hasNewSchema(change)) for (const { label, manager } of running) manager.halt(label);
    return swap(candidate, target);
  } finally {
    for (const { label, manager } of running) manager.restart(label); // the old one too, where it stays
  }
}
