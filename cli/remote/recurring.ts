/** The recurring tasks of the tq on another machine. */
import type { CronPause } from "../../src/cron/ledger.ts";
import type { Listed } from "../../src/tasks/cron/listed.ts";
import type { RecurringSlot } from "../../src/tasks/cron/recurring.ts";
import type { Task } from "../../src/task.ts";
import { userAndHost } from "../../src/user-name.ts";
import type { Client } from "./client.ts";
import { listOf, msOrNull, object, type Row, StrangeRow, taskOf, text } from "./rows.ts";

export interface RemotePause {
  readonly reason: string | null;
  /** In ms since 1970 UTC; null: it is resumed by hand. */
  readonly until: number | null;
}

export class RemoteRecurring {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** With notes on what keeps slots from being decided. */
  async list(): Promise<{ readonly tasks: readonly Listed[]; readonly notes: readonly string[] }> {
    const { recurring, notes } = await this.#client.get("/cron", ["recurring", "notes"]);
    return this.#client.read(() => {
      if (!Array.isArray(notes)) throw new StrangeRow();
      return { tasks: listOf(recurring, recurringOf), notes: notes.map(text) };
    });
  }

  async get(name: string): Promise<Listed> {
    const task = await this.#client.get(pathOf(name), KEYS);
    return this.#client.read(() => recurringOf(task));
  }

  async history(name: string, limit: number): Promise<RecurringSlot[]> {
    const query = new URLSearchParams({ limit: String(limit) });
    const { slots } = await this.#client.get(`${pathOf(name)}/history`, ["slots"], query);
    return this.#client.read(() => listOf(slots, slotOf));
  }

  async pause(name: string, { reason, until }: RemotePause): Promise<Listed> {
    const body = { by: userAndHost(), ...(reason !== null && { reason }), until };
    return this.#changed(`${pathOf(name)}/pause`, body);
  }

  async resume(name: string): Promise<Listed> {
    return this.#changed(`${pathOf(name)}/resume`);
  }

  /** @returns the task that was pushed; null: a worker does it at once, without a task. */
  async run(name: string, force: boolean): Promise<Task | null> {
    const request = { body: { by: userAndHost(), force } };
    const { task } = await this.#client.post(`${pathOf(name)}/run`, ["name", "task"], request);
    return this.#client.read(() => (task === null ? null : taskOf(task)));
  }

  async #changed(path: string, body?: unknown): Promise<Listed> {
    const request = body === undefined ? {} : { body };
    const task = await this.#client.post(path, KEYS, request);
    return this.#client.read(() => recurringOf(task));
  }
}

const KEYS = ["name", "schedule", "task", "origin"] as const;

function pathOf(name: string): string {
  return `/cron/${encodeURIComponent(name)}`;
}

function recurringOf(row: Row): Listed {
  for (const key of [...KEYS, "queue"]) text(row[key]);
  if (!Array.isArray(row["others"])) throw new StrangeRow();
  return {
    ...row,
    next: msOrNull(row["next"]),
    last: row["last"] === null ? null : slotOf(object(row["last"])),
    waiting: msOrNull(row["waiting"]),
    decided_ahead: msOrNull(row["decided_ahead"]),
    removed_at: msOrNull(row["removed_at"]),
    pause: row["pause"] === null ? null : pauseOf(object(row["pause"])),
  } as unknown as Listed;
}

function slotOf(row: Row): RecurringSlot {
  text(row["outcome"]);
  const { slot, first_slot: first, outcome, reason, decided_at: at, task, state } = row;
  const times = { slot: msOrNull(slot), first_slot: msOrNull(first) };
  const decided = { outcome, reason, decided_at: msOrNull(at) };
  return { ...times, ...decided, task, state } as unknown as RecurringSlot;
}

function pauseOf(row: Row): CronPause {
  const times = { at: msOrNull(row["at"]), until: msOrNull(row["until"]) };
  return { ...row, ...times, by: text(row["by"]) } as unknown as CronPause;
}
