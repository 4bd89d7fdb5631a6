/** The thread of a program that is no worker, and runs one task at a time. */
import { randomUUIDv7 } from "bun";
import { Audience } from "../log/audience.ts";
import { redactionOf } from "../registry/marked-models.ts";
import { Policies } from "../registry/policies.ts";
import { createShared } from "../shared-memory/layout.ts";
import { Progress } from "../shared-memory/progress.ts";
import type { Runtime } from "../transaction/runtime.ts";
import { LockWaits } from "./lock-waits.ts";
import { QuickMethods } from "./quick-methods.ts";
import type { ThreadOutput } from "./thread-output.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

export function loneThread(
  runtime: Runtime,
  makeOutput: (progress: Progress) => ThreadOutput,
  worker: string = randomUUIDv7(),
): ThreadRuntime {
  const { store, config } = runtime;
  const progress = new Progress(createShared(1), 1);
  return {
    ...runtime,
    methods: new QuickMethods(store.traits),
    policies: new Policies(config.tasks),
    audience: new Audience(config.log.level),
    redaction: redactionOf(runtime),
    present: { task: null },
    progress,
    lockWaits: new LockWaits(progress),
    output: makeOutput(progress),
    owner: { worker, thread: 0 },
    queues: [],
  };
}
