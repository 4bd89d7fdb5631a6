/** Asks the tq of another machine for what it knows better: it has the models, and its own settings. */
import type { wholeStatus } from "../../src/admin/health.ts";
import type { PushOptions } from "../../src/push/task-options.ts";
import { type Client, LostAnswer } from "./client.ts";
import { pushBody } from "./query.ts";
import { listOf, pauseOf, queueOf, StrangeRow, text, textOrNull, workerOf } from "./rows.ts";

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
    return this.read(() => ({
      ...(status as unknown as Omit<WholeStatus, "queues" | "pauses" | "workers">),
      queues: listOf(queues, queueOf),
      pauses: listOf(pauses, pauseOf),
      workers: listOf(workers, workerOf),
    }));
  }

  protected read<T>(read: () => T): T {
    return this.client.read(read);
  }
}
