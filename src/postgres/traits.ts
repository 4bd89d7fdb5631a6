/** The facts about PostgreSQL that the engine must know. */
import type { StoreTraits } from "../store/store.ts";
import { TICK_MS } from "./rhythm.ts";

export const TRAITS: StoreTraits = {
  isServer: true,
  singleWriter: false,
  maxBatch: 120,
  maxSavepoints: 60, // PostgreSQL keeps 64 subtransactions of each transaction in memory
  quickMs: 3,
  batchMs: 20,
  idleLookMs: TICK_MS,
};
