/**
 * A plain function as a task: it tells another program that something has happened, again and again until that takes it.
 * In a copy of this folder, after `tq init`:
 *
 *   tq run main.ts
 *   tq push webhook.deliver '["http://127.0.0.1:9000/hook", {"order": 8}]'    # from a shell
 */
import { currentTask, Retry, task } from "tq";

export const deliver = task(
  "webhook.deliver",
  { attempts: 5, backoff: ["200ms", "10s", "1m", "10m"], timeout: "20s", transaction: false },
  async (url: string, event: { order: number }) => {
    const { id, signal } = currentTask() ?? {};
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": `task-${id}` },
      body: JSON.stringify(event),
      ...(signal && { signal }), // ends the request when the time is over, or the worker stops
    });
    if (answer.status === 429) throw new Retry("5m", "the receiver asks for patience");
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
    return { status: answer.status };
  },
);
