/** What a thread works with, and what the commit of a round carries besides its outcomes. */
import type { Runtime } from "../transaction/runtime.ts";
import type { Progress } from "../shared-memory/progress.ts";
import type { Owner } from "../store/store.ts";
import type { ClaimedTask } from "../task.ts";
import type { Methods } from "./quick-methods.ts";

/** What a thread works with. */
export interface ThreadRuntime extends Runtime {
  readonly methods: Methods;
  readonly progress: Progress;
  readonly owner: Owner;
  readonly queues: readonly string[];
  /** Learns which tasks the runs have pushed, once they are committed. */
  readonly pushed?: (ids: readonly number[]) => void;
}

/** What goes into the round's last commit, besides its outcomes. */
export interface Ending {
  /** Claims to give back, as they would wait too long. */
  readonly handBack: readonly ClaimedTask[];
  /** How many tasks to claim; 0: none. */
  readonly claim: number;
}
