/** Waiting for what must happen, and for how long. */

import { IS_POSTGRES } from "../../support/tested-store.ts";

/** Far beyond what anything here takes. */
export const DEADLINE_MS = 10_000;

/** Long before an idle worker that nothing wakes looks by itself. How soon things happen, `bench` measures. */
export const SOON_MS = 2_000;

/** A look at a server starts a program, and meanwhile nothing reads what workers write. */
const BETWEEN_LOOKS_MS = IS_POSTGRES ? 25 : 4;

/** Resolves with the first answer that is neither false nor nothing; fails when it takes too long. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  deadline = DEADLINE_MS,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + deadline;
  for (;;) {
    const answer = await look();
    if (answer !== false && answer !== null && answer !== undefined) {
      return answer as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > end) throw new Error(`In ${deadline} ms it did not happen: ${what}`);
    await Bun.sleep(BETWEEN_LOOKS_MS);
  }
}
