/** The first message to a thread. */
import { standardError, standardOutput } from "../log/standard-stream.ts";
import type { Init } from "./messages.ts";
import type { PoolOptions } from "./pool.ts";
import { eventsFor } from "./posted-events.ts";

export function initOf(
  { id: worker, config, models, statistics, listeners }: PoolOptions,
  own: Pick<Init, "thread" | "threads" | "store" | "known" | "isLenient" | "keep" | "shared">,
): Init {
  const { queues } = config.worker;
  return {
    type: "init",
    ...own,
    config,
    models,
    worker,
    queues,
    counters: statistics.countersOf(own.thread),
    standardError: standardError(),
    standardOutput: standardOutput(),
    events: eventsFor(listeners),
  };
}
