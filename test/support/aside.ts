/** Reads and copies files of an open database in another process: in this one that would drop its locks, and is refused. */

export function readAside(path: string): Buffer {
  return run("cat", path);
}

export function copyAside(from: string, to: string): void {
  run("cp", from, to);
}

function run(...command: string[]): Buffer {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return stdout;
}
