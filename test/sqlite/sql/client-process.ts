/** A client of SQLite in a process of its own, and the one in Python. */

export interface Result {
  readonly out: string;
  readonly err: string;
}

export async function spawn(command: string[], input: string): Promise<Result> {
  const child = Bun.spawn(command, { stdin: new Blob([input]), stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  return { out: out.trim(), err: err.trim() };
}

export const PYTHON = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.stdin.read().split(";\\n"):
    try:
        for row in db.execute(statement): print("|".join("" if v is None else str(v) for v in row))
    except sqlite3.Error as error:
        print(error, file=sys.stderr)
`;
