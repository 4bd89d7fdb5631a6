/** To be built. */
import type { KnownFollowUps } from "../../store/known-follow-ups.ts";

export interface AfterFailure {
  readonly known: KnownFollowUps;
  readonly onPushed?: (id: number) => void;
}

export async function afterFailure(..._: any[]): Promise<void> {}
