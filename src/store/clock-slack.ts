/** The times that a clock wrote while it was ahead by less than this do no harm, and are not repaired. */
export const CLOCK_SLACK_MS = 1_000;
