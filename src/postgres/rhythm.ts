/** The rhythm of a worker without tasks: all of it follows from how often it looks for tasks. */

/** An idle worker looks this often, whatever it hears, so that it puts back the tasks of a dead one within 2 s. */
export const LOOK_MS = 1_950;

/** A look that comes sooner after one that has told the signs goes without them. */
export const SIGNS_MS = LOOK_MS - 450;

/** The tick comes just after the next look, which ticks too: then it need not wake the process. */
export const TICK_MS = LOOK_MS + 300;

/** The answer to the next look is there by then: without one, what the last has told counts no more. */
export const ANSWERED_MS = LOOK_MS + 550;
