/** Where no worker is configured: a program runs the tasks that it pushed, after their commit. */
import { randomUUIDv7 } from "bun";
import { currentTask } from "../model/current-task.ts";
import { setAfterwards } from "../model/transaction.ts";
import { type Runtime, runtime } from "../model/runtime.ts";
import { loadModels } from "../model/registry.ts";
import { Methods } from "./methods.ts";
import { runAlone, type Bench } from "./round.ts";
import { Progress, createShared } from "./shared.ts";
import { runOf } from "./settle.ts";

/** First in, first out; what a task pushes runs after those already waiting. */
const waiting: number[] = [];
let draining: Promise<void> | undefined;
let bench: Promise<Bench> | undefined;

/** Runs these tasks, and those pushed meanwhile; resolves when none is left. */
async function runAfterwards(ids: readonly number[]): Promise<void> {
  waiting.push(...ids);
  if (currentTask()) return; // it runs after the task that pushed it
  draining ??= drain().finally(() => (draining = undefined));
  await draining;
}

async function drain(): Promise<void> {
  const current = await (bench ??= createBench(runtime()));
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    await runOne(current, id);
  }
}

async function runOne(current: Bench, id: number): Promise<void> {
  const { store, owner, report, registry, config } = current;
  try {
    const task = await store.write((session) => session.claimOne(id, owner));
    if (!task) return; // a worker was faster, or somebody cancelled it
    const { scheduled_at: scheduledAt = null } = (await store.get(id)) ?? {};
    if (scheduledAt !== null && scheduledAt > store.now()) {
      report({ name: "task.inline", ...runOf(task), scheduledAt });
    }
    if (!registry.get(task.model) && config.models)
      registry.addAll(await loadModels(config.models));
    await runAlone(current, task, () => ({ handBack: [], claim: 0 }));
  } catch (error) {
    const message = `Cannot run task ${id}: ${error instanceof Error ? error.message : String(error)}`;
    report({ name: "log.note", level: "error", message });
  }
}

/** Proof of life for the tasks that this program claims: should it die, they are ready again. */
async function createBench({ store, config, registry, report }: Runtime): Promise<Bench> {
  const worker = randomUUIDv7();
  await store.register({ id: worker, pid: process.pid, threads: 0, queues: [] });
  process.once("beforeExit", () => {
    bench = undefined;
    void store.unregister(worker);
  });
  await store.rescueDead(config.worker.max_crashes);
  return {
    store,
    registry,
    config,
    report,
    methods: new Methods(),
    progress: new Progress(createShared(1), 1),
    owner: { worker, thread: 0 },
    queues: [],
    pushed: (ids) => waiting.push(...ids),
  };
}

setAfterwards(runAfterwards);
