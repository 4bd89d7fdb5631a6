/**
 * The raw limit of starting and of being idle: a worker without a queue's guarantees. Each of its threads opens the
 * database, claims one task with a plain statement, prints the time, and waits. `plain-worker.ts DATABASE THREADS`
 */
import { Raw } from "./raw.ts";

const [, , path = "", threads = "1"] = process.argv;

if (Bun.isMainThread) {
  for (let thread = 0; thread < Number(threads); thread++) {
    const worker = new Worker(import.meta.url, { argv: [path] });
    worker.onmessage = ({ data }: MessageEvent<number>) => console.log(data);
  }
} else {
  const raw = new Raw(path, { durability: "full" });
  raw.claim(1);
  postMessage(performance.timeOrigin + performance.now());
  setInterval(() => raw, 1e9); // keeps the thread and its connection alive
}
