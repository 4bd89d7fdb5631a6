/** Runs programs of the system. */
import { TqError } from "../../src/errors.ts";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type RunProgram = (command: readonly string[]) => Ran;

/** A program that is not installed ends with 127, as in a shell. Its words are English, its times UTC: tq reads them. */
export const runProgram: RunProgram = (command) => {
  const env = { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" };
  try {
    const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { stdin: "ignore", env });
    return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  } catch (error) {
    return { code: 127, stdout: "", stderr: String(error) };
  }
};

/** @throws TqError "conflict" with the program's own words where it fails. */
export function mustRun(run: RunProgram, command: readonly string[]): string {
  const { code, stdout, stderr } = run(command);
  if (code === 0) return stdout;
  const why = (stderr.trim() || stdout.trim() || `it ended with ${code}`).replaceAll(
    /\s*\n\s*/g,
    "; ",
  );
  throw new TqError("conflict", `${command.join(" ")} failed: ${why}`);
}
