/** Runs this same Bun with `args` in `cwd`, on our own terminal. @throws Error unless it exits with 0. */
export async function run(args: string[], cwd: string) {
  const code = await exitCode([process.execPath, ...args], cwd);
  if (code !== 0) throw new Error(`bun ${args.join(" ")} exited with ${code}`);
}

/** Runs a command on our own terminal. Resolves to its exit code. */
export async function exitCode(command: string[], cwd: string): Promise<number> {
  const stdio: ["inherit", "inherit", "inherit"] = ["inherit", "inherit", "inherit"];
  const child = Bun.spawn(command, { cwd, stdio, env: process.env });
  return await child.exited;
}
