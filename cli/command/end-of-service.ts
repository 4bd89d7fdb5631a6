/** The error that ends a worker or a server. */
import type { Log } from "../../src/log/log.ts";
import type { Config } from "../../src/settings/config.ts";
import { explain } from "./explain.ts";
import type { Program } from "./program.ts";

interface Service {
  readonly program: Pick<Program, "json" | "verbose">;
  readonly config: Pick<Config, "log">;
  readonly log: Log;
}

/**
 * Writes the reason into a log of JSON lines, which a program reads: a line of text would break it.
 *
 * @returns the exit status
 * @throws the error, where the log is for people, or the caller has asked for an answer in JSON
 */
export function endOfService(error: unknown, { program, config, log }: Service): number {
  if (config.log.format !== "json" || program.json) throw error;
  const { message, status } = explain(error, program);
  log({ name: "log.note", level: "error", message });
  log.flush();
  return status;
}
