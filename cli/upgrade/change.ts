/** The change from one tq to another, under the services that run it. */
import { TqError } from "../../src/errors.ts";
import type { AffectedDatabase, AffectedService } from "./affected.ts";
import type { Build } from "./candidate.ts";
import { swap } from "./swap.ts";

/** @throws TqError where the other tq cannot use a database, or would keep this one out of it. */
export function checkSchemas(
  databases: readonly AffectedDatabase[],
  { version, schema }: Build,
  isTold: boolean,
): void {
  for (const { path, schema: present, others } of databases) {
    if (schema < present) {
      throw new TqError(
        "conflict",
        `Cannot upgrade to tq ${version}: ${path} has schema ${present}, and that tq knows up to ${schema}; it could use only a backup from before`,
      );
    }
    if (schema === present) continue;
    if (!isTold) {
      throw new TqError(
        "conflict",
        `tq ${version} brings ${path} from schema ${present} to ${schema} as soon as it opens it, and from then on this tq is refused: make a backup, the only way back, and give --new-schema`,
      );
    }
    if (others.length === 0) continue;
    const pids = others.map(({ pid }) => pid).join(", ");
    throw new TqError(
      "conflict",
      `Cannot upgrade to tq ${version}: programs that are no service run tasks of ${path} with schema ${present} (pid ${pids}), and would keep the new tq out; stop them first`,
    );
  }
}

export interface Change {
  readonly build: Build;
  readonly databases: readonly AffectedDatabase[];
  readonly services: readonly AffectedService[];
}

export function hasNewSchema({ build, databases }: Change): boolean {
  return databases.some(({ schema }) => schema !== build.schema);
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
