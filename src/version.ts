/** The version of this program. */
import { version } from "../package.json" with { type: "json" };

export const VERSION: string = version;

/** No clock is right that is before this version was made: ms since 1970 UTC. Set with each version. */
export const MADE = Date.UTC(2026, 10, 1);
