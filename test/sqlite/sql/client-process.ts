/** Clients of SQLite in processes of their own, as people have them. */
import { needs } from "../../support/needs.ts";

interface Result {
  readonly out: string;
  readonly err: string;
}

async function spawn(command: string[], input: string): Promise<Result> {
  const child = Bun.spawn(command, { stdin: new Blob([input]), stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  return { out: out.trim(), err: err.trim() };
}

const PYTHON = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.stdin.read().split(";\\n"):
    try:
        for row in db.execute(statement): print("|".join("" if v is None else str(v) for v in row))
    except sqlite3.Error as error:
        print(error, file=sys.stderr)
`;

interface Client {
  readonly name: string;
  readonly needs: ReturnType<typeof needs>;
  /** Statements end with `;` and a new line. It goes on after an error, which is a line of `err`. */
  run(path: string, sql: string): Promise<Result>;
}

export const CLIENTS: Client[] = [
  {
    name: "sqlite3",
    needs: needs("sqlite3"),
    run: (path, sql) => spawn(["sqlite3", path], sql),
  },
  {
    name: "python3",
    needs: needs("python3"),
    run: (path, sql) => spawn(["python3", "-I", "-S", "-c", PYTHON, path], sql),
  },
];
