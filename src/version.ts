/** The version of this program. */
import { version } from "../package.json" with { type: "json" };

/** Set by `.ci/build.ts`: the commit that the executable was made from. */
declare const BUILD: string | undefined;

/** In an executable with its build, as `0.2.0+74888c0`: two builds of a version may know different schemas. */
export const VERSION: string = typeof BUILD === "string" ? `${version}+${BUILD}` : version;

/** When this version was made (ms since 1970 UTC); set with each. A clock that shows an earlier time is wrong. */
export const MADE_AT = Date.UTC(2026, 10, 1); // months count from 0: November
