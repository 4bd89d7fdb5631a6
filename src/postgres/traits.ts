/** The facts about PostgreSQL that the engine must know. */
import type { StoreTraits } from "../store/store.ts";

export const TRAITS: StoreTraits = {
  isServer: true,
  singleWriter: false,
  maxBatch: 120,
  maxSavepoints: 60, // PostgreSQL keeps 64 subtransactions of each transaction in memory
  quickMs: 3,
  batchMs: 20,
  idleLookMs: 2_250, // just after its next look for tasks, which ticks too
};
