/** How these tests start workers, push and wait, and that each effect came once. */
import { expect } from "bun:test";
import type { Disk } from "./machine.ts";
import type { Running } from "../support/running.ts";
import { type Site, TQ } from "../support/site.ts";

/** How many seconds a lock or a stop lasts here. `TQ_TEST_SECONDS=10` makes them long. */
export const SECONDS = Number(process.env["TQ_TEST_SECONDS"] ?? 2);

/** More seconds than the main thread lets pass between two looks at its threads. */
export const LOOK_SECONDS = 0.3;

const ROOMY = { TQ_DATABASE__MIN_FREE_MB: "0" };

/** A worker, a push and the like on this disk. */
export function startOn(
  disk: Disk,
  site: Site,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  return site.spawn([...disk.prefix, TQ, ...args], { env: { ...ROOMY, ...env } });
}

export async function workerOn(disk: Disk, site: Site, ...args: string[]): Promise<Running> {
  const worker = startOn(disk, site, ["worker", ...args]);
  await worker.says("worker.started");
  return worker;
}

/** Pushes by HTTP. */
export function post(site: Site, url: unknown, instance: number): Promise<Response> {
  return fetch(`${String(url)}/api/tasks`, {
    method: "POST",
    headers: { authorization: `Bearer ${site.read("tq.token").trim()}` },
    body: JSON.stringify({ model: "job", method: "add", instances: instance }),
  });
}

/** Where that nothing happens is the subject. */
export async function longEnough(seconds = 1): Promise<void> {
  await Bun.sleep(seconds * 1_000);
}

export function expectEachOnce(site: Site, keys: readonly number[]): void {
  expect([...site.effects()]).toEqual(keys.map((key) => [key, 1]));
}
