/** The files beside a database that tell of its workers. */
import type { Surroundings } from "../sql/situation.ts";
import { withAlive } from "./liveness.ts";
import { readLive } from "./live-output.ts";

export function surroundingsOf(database: string): Surroundings {
  return {
    workers: (all) => withAlive(database, all),
    shown: (owner) => readLive(database, owner),
  };
}
