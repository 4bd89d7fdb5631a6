/** What a thread works with, and what the last commit of a round carries besides its outcomes. */
import type { Progress } from "../shared-memory/progress.ts";
import type { Owner } from "../store/session.ts";
import type { ClaimedTask } from "../task.ts";
import type { Runtime } from "../transaction/runtime.ts";
import type { QuickMethods } from "./quick-methods.ts";

export interface ThreadRuntime extends Runtime {
  readonly methods: QuickMethods;
  readonly progress: Progress;
  readonly owner: Owner;
  readonly queues: readonly string[];
  /** Learns which tasks the runs have pushed, once they are committed. */
  readonly pushed?: (ids: readonly number[]) => void;
}

/** What is to become of the thread's claims at the end of a round. */
export interface RoundEnd {
  /** Claims to give back, as they would wait too long. */
  readonly handBack: readonly ClaimedTask[];
  /** How many tasks to claim; 0: none. */
  readonly claim: number;
}
