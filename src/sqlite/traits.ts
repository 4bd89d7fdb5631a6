/** The facts about SQLite that the engine must know. */
import type { StoreTraits } from "../store/store.ts";

export const TRAITS: StoreTraits = {
  isServer: false,
  singleWriter: true,
  maxBatch: 500,
  maxSavepoints: 500,
  quickMs: 1,
  batchMs: 5,
  idleLookMs: 10_000,
};
