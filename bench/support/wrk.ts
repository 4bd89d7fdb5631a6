/** Pushes over HTTP from another process: wrk, which a Debian package of this name has. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { until } from "./until.ts";

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  readonly queue: string;
}

export interface LoadResult {
  /** Pushes a second. */
  readonly rate: number;
  /** ms. */
  readonly p99: number;
}

/** A port that no program uses now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Resolves once the server on this port answers. */
export async function answers(port: number): Promise<void> {
  await until("the server", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
    return answer?.ok ? true : null;
  });
}

/** @throws Error where a push was refused. */
export async function pushByWrk(
  database: string,
  port: number,
  { connections, seconds, queue }: Load,
): Promise<LoadResult> {
  const wrk = Bun.which("wrk");
  if (wrk === null) throw new Error("This measure needs wrk: apt-get install wrk");
  const folder = dirname(database);
  const script = join(folder, "push.lua");
  writeFileSync(script, scriptFor(queue, readFileSync(join(folder, "tq.token"), "utf8").trim()));
  const how = ["--threads", "1", "--connections", String(connections), "--duration", `${seconds}s`];
  const child = Bun.spawn(
    [wrk, ...how, "--script", script, `http://127.0.0.1:${port}/api/v1/tasks`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const text = await new Response(child.stdout).text();
  const { requests, errors, duration, p99 } = JSON.parse(text.split("\n").at(-2) ?? "") as Summary;
  if (errors > 0) throw new Error(`${errors} of ${requests} pushes failed`);
  return { rate: requests / (duration / 1e6), p99: p99 / 1000 };
}

/** Times in µs. */
interface Summary {
  readonly requests: number;
  readonly errors: number;
  readonly duration: number;
  readonly p99: number;
}

function scriptFor(queue: string, token: string): string {
  return `
    wrk.method = "POST"
    wrk.body = '{"model": "probe", "method": "noop", "instances": 7, "queue": "${queue}"}'
    wrk.headers["Authorization"] = "Bearer ${token}"
    function done(summary, latency)
      local e = summary.errors
      print(string.format('{"requests":%d,"errors":%d,"duration":%d,"p99":%d}', summary.requests,
        e.connect + e.read + e.write + e.status + e.timeout, summary.duration, latency:percentile(99)))
    end`;
}
