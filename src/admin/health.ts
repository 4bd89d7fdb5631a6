/** How the database and its workers are, for `/healthz`, `/readyz`, the status and the dashboard. */
import { type Finding, type Health, sentenceOf } from "../doctor/check.ts";
import { findings } from "../doctor/examine.ts";
import type { Given } from "../doctor/examination.ts";

export type { Health } from "../doctor/check.ts";

/**
 * The troubles of this process, a sentence each: pushes are refused, or the worker beside the server can run no task.
 *
 * @throws TqError where the database cannot be used.
 */
export async function failures(health: Health): Promise<string[]> {
  return (await findings(health, "health")).map(sentenceOf);
}

/**
 * Why no task can be pushed, or ready ones are not run.
 *
 * @throws TqError where the database cannot be used.
 */
export async function notServing(health: Health): Promise<Finding[]> {
  return findings(health, "ready");
}

/** The state of the database and its workers, with the problems that are found. */
export async function wholeStatus(health: Health & { readonly version: string }) {
  const { store, mode, version } = health;
  const status = await store.status();
  return { mode, version, ...status, problems: await problems(health, status) };
}

/** The failures, and what only the whole database shows: that no live worker takes the tasks that wait. */
export async function problems(health: Health, given: Given): Promise<string[]> {
  return (await findings(health, "status", given)).map(sentenceOf);
}
