/** The advisory locks of tq in a database: pairs of a class and a number. */

/** "tqlr" in ASCII: the lives of workers, and the work that one process does at a time. */
export const LOCK_CLASS = 1_953_591_922;

/** The next class: of the claims of suspects, with a number made of the worker's id. */
export const SUSPECT_LOCKS = LOCK_CLASS + 1;
