/** The version of this program. */
import { version } from "../package.json" with { type: "json" };

export const VERSION: string = version;

/** When this version was made (ms since 1970 UTC); set with each. A clock that shows an earlier time is wrong. */
export const MADE_AT = Date.UTC(2026, 10, 1);
