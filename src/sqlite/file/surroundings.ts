/** The files beside a database that tell of its workers. */
import type { Surroundings } from "../sql/situation.ts";
import { withAlive } from "./liveness.ts";
import { readLive } from "./live-output.ts";

/** @param blocked why no task of it can be written now; null: none is kept from it */
export function surroundingsOf(database: string, blocked: string | null): Surroundings {
  return {
    blocked,
    workers: (all) => withAlive(database, all),
    shown: (owner) => readLive(database, owner),
  };
}
