/**
 * The raw limit of being idle: a connection that looks every 2 s, one that listens, and two threads with a connection each
 * that wait. `plain-worker.ts URL`
 */
import { SQL } from "bun";
import { Raw } from "./raw.ts";

const [, , url = ""] = process.argv;

if (Bun.isMainThread) {
  for (let thread = 0; thread < 2; thread++) new Worker(import.meta.url, { argv: [url] });
  await new SQL(url, { max: 1 }).listen("tq", () => {});
  const life = await Raw.open(url);
  setInterval(() => void life.query("SELECT count(*) FROM tq.worker"), 2_000);
} else {
  const raw = await Raw.open(url);
  await raw.claim(1);
  setInterval(() => raw, 1e9); // keeps the thread and its connection alive
}
