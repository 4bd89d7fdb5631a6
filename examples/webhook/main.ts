/**
 * Pushes an event for a receiver that is down at first, and waits until it has come through. In a copy of this folder:
 *
 *   tq init && tq run main.ts
 */
import { startWorker } from "tq";
import { deliver } from "./models.ts";

const { promise: delivered, resolve } = Promise.withResolvers<void>();
let requests = 0;

const receiver = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    requests += 1;
    if (requests === 1) return new Response("not yet", { status: 503 });
    const key = request.headers.get("Idempotency-Key");
    console.log(`request ${requests}, ${key}: ${await request.text()}`);
    resolve();
    return new Response("thank you");
  },
});

await deliver.push(new URL("/hook", receiver.url).href, { order: 7 });
const worker = await startWorker({ models: "./models.ts", threads: 1 });
await delivered;
await worker.stop(); // the task ends first
await receiver.stop();
