/** The advisory locks of tq in a database: pairs of this class and a number. */

/** "tqlr" in ASCII. */
export const LOCK_CLASS = 1_953_591_922;
