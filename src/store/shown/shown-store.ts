/**
 * A store whose tasks are for people and other programs to see: what is marked secret is masked, in the tasks and in the
 * words that quote it. Commands, the admin API with its pages, alerts and webhooks look through it. What it writes, and
 * what runs tasks, sees all.
 */
import { monotonicNow } from "../../clock.ts";
import type { Task } from "../../task.ts";
import type { FailureStore, UntoldFailure } from "../failure-store.ts";
import type { FailedTask } from "../looking.ts";
import type { DeclaredMarks, RedactionStore } from "../redaction-store.ts";
import type { Store } from "../store.ts";
import type { EventTask, TaskEventStore } from "../task-event-store.ts";
import type { WebhookStore } from "../webhook-store.ts";
import { Concealer } from "./concealer.ts";
import { looksInside } from "./search.ts";
import * as words from "./words.ts";

/** A count of tasks goes on for so long. */
const COUNT_MS = 100;

/**
 * @param names the setting `admin.redact`
 * @param marks those of models that this process has loaded
 */
export function shownStore(
  store: Store,
  names: readonly string[],
  marks: DeclaredMarks = {},
): Store {
  const own: Partial<Store> = shownParts(store, new Concealer(store, names, marks));
  const bound = new WeakMap<object, unknown>();
  return new Proxy(store, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return Reflect.get(own, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      const method = bound.get(value) ?? (value as () => unknown).bind(target);
      bound.set(value, method);
      return method;
    },
  });
}

function shownParts(store: Store, by: Concealer) {
  return {
    get: async (id) => by.task(await store.get(id)),
    getByRef: async (ref) => by.task(await store.getByRef(ref)),
    retry: async (id) => by.task(await store.retry(id)),
    cancel: async (id, reason) => by.task(await store.cancel(id, reason)),
    delete: async (id) => by.task(await store.delete(id)),
    place: async (id, place) => by.task(await store.place(id, place)),
    parts: (filter = {}) => by.parts(filter),
    list: async (filter = {}) =>
      (await Array.fromAsync(by.parts(filter))).flatMap(({ found }) => found),
    matching: (filter) => by.matching(filter),
    moveMany: (move, ids, filter) => by.moveMany(move, ids, filter),
    countBefore: async (filter, before) => {
      if (!looksInside(filter) || (await by.redaction()).isEmpty) {
        return store.countBefore(filter, before);
      }
      const until = monotonicNow() + COUNT_MS;
      let count = 0;
      for await (const { found } of by.matching({ ...filter, before })) {
        count += found.length;
        if (monotonicNow() > until) return { count, isAll: false };
      }
      return { count, isAll: true };
    },
    errors: async (id) =>
      by.ofTask(id, await store.errors(id), (errors, secrets) =>
        errors.map((error) => words.hideInError(error, secrets)),
      ),
    attempts: async (id) =>
      by.ofTask(id, await store.attempts(id), (runs, secrets) =>
        runs.map((run) => words.hideInError(words.hideReason(run, secrets), secrets)),
      ),
    output: async (id, from) =>
      by.ofTask(id, await store.output(id, from), (runs, secrets) =>
        runs.map((run) => words.hideInOutput(run, secrets)),
      ),
    standings: async (ids, asked) => {
      const standings = await store.standings(ids, asked);
      const redaction = await by.redaction();
      if (redaction.isEmpty) return standings;
      const shown = standings.map(async (standing) => {
        const task = await store.get(standing.id);
        return task === null ? standing : words.hideInStanding(standing, task, redaction);
      });
      return Promise.all(shown);
    },
    situation: async (wanted) => {
      const situation = await store.situation(wanted);
      const redaction = await by.redaction();
      if (situation === null || redaction.isEmpty) return situation;
      return words.hideInSituation(situation, redaction);
    },
    working: async () => {
      const working = await store.working();
      const threads = working.threads.map(async (thread) =>
        thread.progress?.text ? by.ofTask(thread.task.id, thread, words.hideProgress) : thread,
      );
      return { ...working, threads: await Promise.all(threads) };
    },
    redactions: within<RedactionStore, "inForce">(store.redactions, {
      inForce: () => by.redaction(),
    }),
    taskEvents: within<TaskEventStore, "read">(store.taskEvents, {
      read: async (query) => {
        const { pushed, ended } = await store.taskEvents.read(query);
        const hide = async (task: EventTask) =>
          task.reason === null ? task : by.ofTask(task.id, task, words.hideReason);
        return {
          pushed: await Promise.all(pushed.map(hide)),
          ended: await Promise.all(ended.map(hide)),
        };
      },
    }),
    failures: within<FailureStore, Exclude<keyof FailureStore, PlainFailureKey>>(store.failures, {
      last: async (most) => {
        const tasks = await store.failures.last(most);
        const redaction = await by.redaction();
        if (redaction.isEmpty) return tasks;
        const hide = async (failed: FailedTask) => {
          const task = await store.get(failed.id);
          if (task === null || redaction.of(task.model, task.method) === null) return failed;
          // The whole reason: the filter `error` must find what is shown, and the beginning may end in a secret.
          return { ...failed, reason: redaction.conceal(task).reason };
        };
        return Promise.all(tasks.map(hide));
      },
      take: async (take) => {
        const taken = await store.failures.take(take);
        const redaction = await by.redaction();
        if (taken.kind !== "alert" || redaction.isEmpty) return taken;
        const hide = async (failure: UntoldFailure) => {
          if (failure.task === null) return failure;
          const secrets = await by.secretsOf(failure.task, redaction);
          return secrets === null
            ? { ...failure, reason: GONE }
            : words.hideReason(failure, secrets);
        };
        return { ...taken, failures: await Promise.all(taken.failures.map(hide)) };
      },
    }),
    webhooks: within<WebhookStore, "follow">(store.webhooks, {
      follow: async ({ delivery, ...follow }) => {
        const redaction = await by.redaction();
        const shown = (task: Task, seed: string) => delivery(redaction.conceal(task), seed);
        return store.webhooks.follow({ ...follow, delivery: shown });
      },
    }),
  } satisfies Pick<Store, Exclude<keyof Store, PlainKey>>;
}

/** Members that show nothing of a task, or nothing secret. A new member of a store is one of them, or a shown one. */
type PlainKey =
  | WritingKey
  | keyof Pick<Store, "traits" | "name" | "folder" | "now" | "after" | "close" | "version">
  | keyof Pick<Store, "condition" | "cron" | "pauses" | "pushKeys" | "tokens" | "statistics">
  | keyof Pick<Store, "pushRefusal" | "lastPushedBefore" | "names" | "status" | "waiting">
  | keyof Pick<
      Store,
      "look" | "hasWork" | "check" | "changed" | "stillHeld" | "isAlive" | "checkAlive"
    >
  | keyof Pick<Store, "countCleanable" | "countsVersion" | "workers">;

/** These change the queue, or are for what runs the tasks. */
type WritingKey =
  | keyof Pick<
      Store,
      "session" | "write" | "release" | "claim" | "push" | "recount" | "makeCrowdReady" | "flush"
    >
  | keyof Pick<Store, "clean" | "repairTimes" | "backup" | "tidy" | "adapt" | "register">
  | keyof Pick<Store, "unregister" | "rescueDead" | "rescueThread">;

type PlainFailureKey = keyof Pick<FailureStore, "declare" | "know" | "watch" | "trouble" | "told">;

/** Of a task that is deleted it is not known what its reason must not quote. */
const GONE = "not shown, as the task was deleted and may have had secrets";

/** A part of a store with some methods of its own. */
function within<T extends object, K extends keyof T>(part: T, own: Pick<T, K>): T {
  return new Proxy(part, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return Reflect.get(own, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
}
