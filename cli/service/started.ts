/** Waits until it is known what became of the start of a service. */
import { sleep } from "../../src/clock.ts";
import type { Manager, ServiceState } from "./manager.ts";

const LOOK_MS = 100;
const LOOKS = 100;

/** Models may take longer to load: then it is still starting. */
export async function stateOnceStarted(label: string, manager: Manager): Promise<ServiceState> {
  for (let look = 1; ; look++) {
    const state = manager.state(label);
    if (isDecided(state) || look === LOOKS) return state;
    await sleep(LOOK_MS);
  }
}

/** It is "stopping" or "stopped" until the old process has ended, and "starting" while it loads its models. */
function isDecided({ state }: ServiceState): boolean {
  return state === "running" || state === "failed" || state === "restarting";
}

/** True where nothing says that it cannot start. */
export function isWell({ state }: ServiceState): boolean {
  return state === "running" || state === "starting" || state === "stopping";
}
