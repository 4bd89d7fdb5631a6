/** The parts of a run of all tests: which run at once, and which need the machine for themselves. */

/** These start the executable, kill it and measure it, and take free ports: beside others they could fail unduly. */
const ALONE = ["test/integration/", "test/readme/"];

/** The part that needs the machine for itself. */
export const ALONE_PART: readonly (readonly string[])[] = [ALONE];

/** Runs the tests of many folders once more, which takes as long as all others of PostgreSQL. */
const AGAIN = "test/postgres/again.test.ts";

/** Half of the other tests, by their time. */
const HALF = [AGAIN, "test/admin/", "test/property/", "test/run/", "test/sqlite/", "test/store/"];

/**
 * The arguments of each `bun test`. The inner lists run one after another, what is in one of them at once. A new folder
 * belongs to the second half.
 */
export const ALL_PARTS: readonly (readonly (readonly string[])[])[] = [
  [HALF, [...ALONE, ...HALF].map((folder) => `--path-ignore-patterns=${folder}**`)],
  ALONE_PART,
];
