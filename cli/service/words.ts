/** The state of a service, for people. */
import { printable } from "../../src/printable.ts";
import { formatTime } from "../terminal/text.ts";
import type { ServiceState } from "./manager.ts";

export function stateWords({ state, pid, since, restarts, words }: ServiceState): string {
  return [
    state,
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(since === null ? [] : [`since ${formatTime(since)}`]),
    ...(restarts === 0 ? [] : [`started again ${restarts === 1 ? "once" : `${restarts} times`}`]),
    ...(words === "" ? [] : [printable(words)]),
  ].join(", ");
}
