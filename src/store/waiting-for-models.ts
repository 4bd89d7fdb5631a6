/** Tasks whose method the models of a worker lack, while the disk has others: they wait for these. */
import { SECOND_MS } from "../values/duration.ts";

/** The reason of such a task ends so. */
export const WAITS_FOR_MODELS = "it waits for the new ones (SIGHUP loads them)";

/** A worker looks again after this at the latest. */
export const LONGEST_WAIT_MS = 10 * SECOND_MS;
