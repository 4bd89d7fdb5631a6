/** Most pushes say no time, no ref and no policy: stores write them with fewer values. */
import type { NewTask } from "../task.ts";

export function isPlain({ scheduledAt, expectedAt, expiresAt, ref, policy }: NewTask): boolean {
  return (
    scheduledAt === null &&
    expectedAt === null &&
    expiresAt === null &&
    ref === null &&
    policy === null
  );
}
