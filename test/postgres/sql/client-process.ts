/** Clients of PostgreSQL in processes of their own, as people have them. */
import { DEBIAN_PYTHON } from "../../support/tools.ts";

interface Result {
  readonly out: string;
  /** A line for each error. */
  readonly err: string;
}

async function spawn(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<Result> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...env },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  return { out: out.trim(), err: err.trim() };
}

/** Runs the statements of standard input on a cursor, each in a transaction of its own, and goes on after an error. */
const python = (connect: string, commit: string, rollback: string): string => `
import os, sys
${connect}
for statement in sys.stdin.read().split(";\\n"):
    if not statement.strip(): continue
    try:
        cursor.execute(statement)
        if cursor.description:
            for row in cursor.fetchall(): print("|".join("" if v is None else str(v) for v in row))
        ${commit}
    except Exception as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        ${rollback}
`;

const driver = (module: string): string =>
  python(
    `import ${module}\nconnection = ${module}.connect("")\ncursor = connection.cursor()`,
    "connection.commit()",
    "connection.rollback()",
  );

const TRYTOND = python(
  `from trytond.config import config
config.set("database", "uri", "postgresql://")
from trytond import backend
connection = backend.Database(os.environ["PGDATABASE"]).connect().get_connection()
cursor = connection.cursor()`,
  "connection.commit()",
  "connection.rollback()",
);

const PDO = `
$pdo = new PDO("pgsql:", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
foreach (explode(";\\n", stream_get_contents(STDIN)) as $statement) {
  if (trim($statement) === "") continue;
  try {
    $pdo->beginTransaction();
    $rows = $pdo->query($statement);
    foreach ($rows->fetchAll(PDO::FETCH_NUM) as $row) echo implode("|", $row), "\\n";
    $pdo->commit();
  } catch (PDOException $error) {
    fwrite(STDERR, strtok($error->getMessage(), "\\n") . "\\n");
    $pdo->rollBack();
  }
}`;

export interface Client {
  readonly name: string;
  /** Statements end with `;` and a new line. It goes on after an error, which is a line of `err`. */
  run(env: Readonly<Record<string, string>>, sql: string): Promise<Result>;
}

const PSQL = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"];

export const CLIENTS = [
  {
    name: "psql",
    run: (env, sql) => spawn([...PSQL, "--set=VERBOSITY=terse"], env, sql),
  },
  {
    name: "psycopg2",
    run: (env, sql) => spawn([DEBIAN_PYTHON, "-c", driver("psycopg2")], env, sql),
  },
  {
    name: "psycopg",
    run: (env, sql) => spawn([DEBIAN_PYTHON, "-c", driver("psycopg")], env, sql),
  },
  {
    name: "the cursor of trytond",
    run: (env, sql) => spawn([DEBIAN_PYTHON, "-c", TRYTOND], env, sql),
  },
  {
    name: "PHP's PDO",
    run: (env, sql) => spawn(["php", "-r", PDO], env, sql),
  },
] as const satisfies readonly Client[];
