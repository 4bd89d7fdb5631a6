/** Asks the tq of another machine for what it knows better: it has the models, and its own settings. */
import type { wholeStatus } from "../../src/admin/health.ts";
import type { Checked } from "../../src/doctor/check.ts";
import type { PushOptions } from "../../src/push/task-options.ts";
import type {
  Group,
  GroupedStatistics,
  WantedStatistics,
} from "../../src/tasks/statistics/groups.ts";
import type { WorkerRuns } from "../../src/store/working.ts";
import { SECOND_MS } from "../../src/values/duration.ts";
import { type Client, LostAnswer } from "./client.ts";
import { pushBody } from "./query.ts";
import {
  backupOf,
  listOf,
  msOrNull,
  object,
  pauseOf,
  queueOf,
  runOf,
  StrangeRow,
  text,
  textOrNull,
  workerOf,
} from "./rows.ts";

function oldestOf({ queue, since }: Readonly<Record<string, unknown>>) {
  return { queue: text(queue), since: Number(msOrNull(since)) };
}

type WholeStatus = Awaited<ReturnType<typeof wholeStatus>>;

export class RemoteServer {
  protected readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  /** Tries once more where the first answer is lost: the key keeps the tasks from being pushed twice. */
  async pushCall(options: PushOptions): Promise<number[]> {
    const request = { body: pushBody(options), key: crypto.randomUUID() };
    const push = () => this.client.post("/tasks", ["ids"], request);
    const { ids } = await push().catch((error: unknown) => {
      if (error instanceof LostAnswer) return push();
      throw error;
    });
    return this.read(() => {
      if (!Array.isArray(ids) || !ids.every((id) => typeof id === "number")) throw new StrangeRow();
      return ids;
    });
  }

  /** The answer of `tq why`. */
  async explain(id: number) {
    const keys = ["id", "state", "queue", "cause", "sentence", "purpose", "command"] as const;
    const why = await this.client.get(`/tasks/${id}/why`, keys);
    return this.read(() => ({
      id: Number(why["id"]),
      state: text(why["state"]),
      queue: text(why["queue"]),
      cause: text(why["cause"]),
      sentence: text(why["sentence"]),
      purpose: textOrNull(why["purpose"]),
      command: textOrNull(why["command"]),
    }));
  }

  /** The answer of `tq status`. */
  async wholeStatus() {
    const keys = ["mode", "version", "queues", "pauses", "workers", "problems", "last_hour"];
    const { queues, pauses, workers, ...status } = await this.client.get("/status", keys);
    const { oldest_ready: oldest = null, free_disk = null, failed_lately = 0 } = status; // an older tq has none
    const { backup = null, last_minute: ended = [] } = status; // nor these
    return this.read(() => ({
      ...(status as unknown as Omit<WholeStatus, "queues" | "pauses" | "workers">),
      free_disk: free_disk as number | null,
      backup: backup === null ? null : backupOf(object(backup)),
      failed_lately: Number(failed_lately),
      last_minute: listOf(ended, (one) => ({
        queue: text(one["queue"]),
        ended: Number(one["ended"]),
      })),
      oldest_ready: oldest === null ? null : oldestOf(object(oldest)),
      queues: listOf(queues, queueOf),
      pauses: listOf(pauses, pauseOf),
      workers: listOf(workers, workerOf),
    }));
  }

  /** The findings of `/readyz` or `tq doctor --quick` there. */
  async findings(look: "ready" | "doctor") {
    const query = new URLSearchParams({ look });
    const { findings, checks = [] } = await this.client.get("/findings", ["findings"], query);
    return this.read(() => {
      const found = listOf(findings, ({ check, message, advice }) => {
        return { check: text(check), message: text(message), advice: text(advice) };
      });
      const checked = listOf(checks, ({ check, subject, fact, hint = "" }): Checked => {
        const name = text(check);
        const own = found.filter((one) => one.check === name);
        return { name, subject: text(subject), fact: text(fact), hint: text(hint), findings: own };
      });
      return { findings: found, checked };
    });
  }

  /** The statistics that `tq stats` adds up on the machine itself. */
  async statistics({ queue, by, length }: WantedStatistics): Promise<GroupedStatistics> {
    const last = `${Math.round(length / SECOND_MS)}s`;
    const query = new URLSearchParams({ last, by, ...(queue !== undefined && { queue }) });
    const keys = ["since", "until", "queue", "by", "groups", "failures"];
    const { since, until, groups, failures, ...rest } = await this.client.get(
      "/statistics",
      keys,
      query,
    );
    return this.read(() => ({
      ...(rest as unknown as Pick<GroupedStatistics, "queue" | "by">),
      since: Number(msOrNull(since)),
      until: Number(msOrNull(until)),
      groups: listOf(groups, ({ at, ...group }) => {
        return { ...group, ...(at !== undefined && { at: msOrNull(at) }) } as unknown as Group;
      }),
      failures: listOf(failures, (row) => row as unknown as GroupedStatistics["failures"][number]),
    }));
  }

  /** The workers, with what each of their threads runs. */
  async workersWithRuns(): Promise<WorkerRuns[]> {
    const { workers } = await this.client.get("/workers", ["workers"]);
    return this.read(() =>
      listOf(workers, (row) => ({ ...workerOf(row), runs: listOf(row["runs"], runOf) })),
    );
  }

  protected read<T>(read: () => T): T {
    return this.client.read(read);
  }
}
