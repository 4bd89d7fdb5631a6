/** When a worker gives its connection up, ends its runs, and is taken for dead by others: in this order, all in ms. */
import { ANSWERED_MS } from "./rhythm.ts";

/** The pause between two looks of a life after itself, while the server owes it an answer or it is without a connection. */
export const LOOK_MS = 250;

/** The server is asked for a sign of life after so long without an answer: an idle worker has that of its next look. */
export const ASK_MS = ANSWERED_MS;

/** The same while the worker runs something: then it checks its life several times a second. */
export const ASK_OFTEN_MS = 500;

/** Two checks within so long say that the worker runs something. */
export const OFTEN_MS = 1_000;

/** The server is asked for its time this often. */
export const LEARN_MS = 10_000;

/** A process that looks so late was stopped, or held up: an answer that came meanwhile is read after that look. */
export const HELD_UP_MS = 500;

/** An answer that is owed for less than this may be on its way. */
export const OWED_MS = 900;

/** A server that owes an answer for so long is not reached by this connection any more. */
export const LOST_MS = 2_000;

/** The worker ends its runs after so long without an answer: before the server may free its lock. */
export const FENCE_MS = 3_000;

/**
 * The server takes the connection for lost where the worker's host answers nothing for so long. The settings that keep
 * connections alive are not enough: they do not count while something is on its way to the host, which is sent again for
 * a quarter of an hour.
 */
export const UNANSWERED_MS = 3_800;

/** A lock that has been free for so long is that of a dead worker. */
export const PATIENCE_MS = 1_000;

/**
 * The worker ends its runs so long after its connection has ended, which frees its lock: the patience of others begins
 * when they see that.
 */
export const CUT_FENCE_MS = PATIENCE_MS - 300;

/** The patience of a worker whose own connection is young: then the server has just been away, for others too. */
export const PATIENCE_OF_THE_YOUNG_MS = 5_000;

/** A connection is young for so long. */
export const YOUNG_MS = 10_000;

/** The first pause before a lost connection is tried again; each one after it is twice as long, up to the longest. */
export const FIRST_PAUSE_MS = 50;
export const LONGEST_PAUSE_MS = 1_000;
