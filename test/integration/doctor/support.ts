/** Asks the real `tq doctor`, as a program of a project with a tq.toml asks it. */
import type { Finding } from "../../../src/doctor/check.ts";
import type { StartOptions } from "../support/site.ts";
import { Site } from "../support/site.ts";

/** No setting comes from the environment. */
export const PLAIN = { TQ_QUEUE__WORKER: "", TQ_LOG__LEVEL: "info" };

export const MODEL = `
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  add() { return 1; }
}
`;

export const TOML = "[queue]\nworker = true\n";

/** A project whose database is there, and in which nothing is wrong but that no worker runs. */
export async function project(): Promise<Site> {
  const site = new Site();
  site.write("models.ts", MODEL);
  site.write("tq.toml", TOML);
  const { code, stderr } = await site.start(["push", "job", "add", "1"], { env: PLAIN }).ended();
  if (code !== 0) throw new Error(stderr);
  return site;
}

export interface Answer {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly checks: readonly { check: string; well: boolean; fact: string }[];
}

/** It waits for models for 10 s. */
const DEADLINE_MS = 40_000;

export async function doctor(
  site: Site,
  args: readonly string[] = ["--quick"],
  options: StartOptions = {},
): Promise<Answer> {
  const env = { ...PLAIN, ...options.env };
  const asked = ["doctor", "--json", ...args];
  const { code, stdout, stderr } = await site.start(asked, { ...options, env }).ended(DEADLINE_MS);
  try {
    return { code, ...(JSON.parse(stdout) as Omit<Answer, "code">) };
  } catch {
    throw new Error(`tq doctor ended with ${code}: ${stdout}${stderr}`);
  }
}

/** The finding of this check; it must be the only one of it. */
export function only({ findings }: Answer, check: string): Finding {
  const found = findings.filter((one) => one.check === check);
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`Not one finding of ${check}: ${JSON.stringify(findings)}`);
  }
  return first;
}

export function namesOf({ findings }: Pick<Answer, "findings">): string[] {
  return findings.map(({ check }) => check);
}
