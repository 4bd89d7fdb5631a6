/** The advisory locks of tq in a database: pairs of this class and a number. */

/** "tqlr" in ASCII. */
export const LOCK_CLASS = 1_953_591_922;

/** Held by a transaction that adds to the statistics: it reads histograms, adds to them, and writes them back. */
export const STATISTICS_LOCK = -2;

/** Held by a transaction that replaces the kept counts. */
export const COUNTS_LOCK = -3;
