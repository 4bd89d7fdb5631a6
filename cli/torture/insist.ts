/** Repeats what another process, a full queue, or an outage of the server keeps from being done. */
import { type ErrorCode, isTqError } from "../../src/errors.ts";

/** The pause before a refused push, move or look is tried again. */
const TRY_AGAIN_MS = 20;

/**
 * @param done the refusal of a second try that tells that a first one, whose answer was lost, was made
 * @returns null where that is all that is known of it
 */
export async function insist<T>(move: () => Promise<T>, done?: ErrorCode): Promise<T | null> {
  for (let isUncertain = false; ; await Bun.sleep(TRY_AGAIN_MS)) {
    try {
      return await move();
    } catch (error) {
      if (!isTqError(error)) throw error;
      if (isUncertain && error.code === done) return null;
      if (error.code === "uncertain") isUncertain = true;
      else if (error.code !== "busy" && error.code !== "full") throw error;
    }
  }
}
