/** The version of this program. */
import { version } from "../package.json" with { type: "json" };

export const VERSION: string = version;
