/** The example programs do what their headers say, in a copy of their folder and with the executable. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "../support/needs.ts";
import { IS_POSTGRES, onSqlite, TestedDatabase } from "../support/tested-store.ts";

const ROOT = join(import.meta.dir, "../..");
const EXAMPLES = join(ROOT, "examples");

const folder = mkdtempSync(join(tmpdir(), "tq-examples-"));
const programs = join(folder, "bin");
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TQ_"))),
  PATH: `${programs}:${process.env["PATH"]}`,
};

beforeAll(() => {
  mkdirSync(programs);
  symlinkSync(join(ROOT, "dist/tq"), join(programs, "tq"));
});

afterAll(async () => {
  await leaveDatabase();
  rmSync(folder, { recursive: true });
});

/** The example that the tests have come to, and its database. */
let current: { readonly example: string; readonly database: TestedDatabase } | null = null;

async function databaseOf(example: string): Promise<TestedDatabase> {
  if (current?.example !== example) {
    await leaveDatabase();
    current = { example, database: new TestedDatabase(join(folder, example)) };
  }
  return current.database;
}

/** The next command finds an empty one. */
async function leaveDatabase(): Promise<void> {
  if (current === null) return;
  const { example, database } = current;
  await database[Symbol.asyncDispose]();
  rmSync(join(folder, example, "tq.db"), { force: true });
  current = null;
}

describe("the example", () => {
  test("invoice posts with numbers without gaps, and mails each invoice once", async () => {
    const said = await run("invoice", "tq run main.ts && tq worker --drain --quiet");
    expect(said.toSorted()).toEqual([
      expect.stringMatching(/^to Ada: invoice 1 over 100 \(key \d+\)$/),
      expect.stringMatching(/^to Edsger: invoice 3 over 102 \(key \d+\)$/),
      expect.stringMatching(/^to Grace: invoice 2 over 101 \(key \d+\)$/),
    ]);
    expect(await run("invoice", "tq list --state finished")).toHaveLength(5);
  });

  test("label-printer prints one label after another on each printer", async () => {
    expect(await run("label-printer", "tq run main.ts 2>log")).toEqual(["3", "3"]);
    for (const printer of ["hall", "office"]) {
      expect(linesOf("label-printer", `${printer}.txt`)).toEqual(
        [1, 2, 3].flatMap((number) => [`begin ${printer} ${number}`, `end ${printer} ${number}`]),
      );
    }
  });

  test("label-printer prints a label whose printer was off once that is on, and the task is retried", async () => {
    const off = `
      import { Transaction } from "tq";
      import { Label } from "./models.ts";
      await Transaction.start({}, async () => {
        for (const label of await Label.create([{ printer: "cellar/off", text: "off" }])) await Label.__queue__.print(label);
      });`;
    await Bun.write(join(copyOf("label-printer"), "off.ts"), off);
    await run("label-printer", "tq run off.ts; tq worker --drain 2>log; test $? = 1");
    await run(
      "label-printer",
      "mkdir cellar && tq retry --state failed && tq worker --drain 2>log",
    );
    expect(linesOf("label-printer", "cellar/off.txt")).toEqual(["begin off", "end off"]);
  });

  test("label-printer has a person look at a label that was cut by a power cut", async () => {
    const cut = `
      import { Transaction } from "tq";
      import { Label } from "./models.ts";
      await Transaction.start({}, async () => {
        for (const label of await Label.create([{ printer: "hall", text: "cut", state: "printing" }])) await Label.__queue__.print(label);
      });`;
    await Bun.write(join(copyOf("label-printer"), "cut.ts"), cut);
    await run("label-printer", "tq run cut.ts; tq worker --drain 2>log; test $? = 1");
    const reason = "tq list --state failed --json | grep -o 'Look at the paper: is cut on it?'";
    expect(await run("label-printer", reason)).toEqual(["Look at the paper: is cut on it?"]);
    const again = "UPDATE label SET state = 'waiting' WHERE text = 'cut'";
    (await databaseOf("label-printer")).sql(again);
    await run("label-printer", "tq retry --state failed && tq worker --drain 2>log");
    expect(linesOf("label-printer", "hall.txt").slice(-2)).toEqual(["begin cut", "end cut"]);
  });

  test("nightly-job reminds of each debt once, though its timer fires twice", async () => {
    const debts = `
      import { Transaction } from "tq";
      import { Reminder } from "./models.ts";
      await Transaction.start({}, () => Reminder.create([{ customer: "Ada", days: 40 }, { customer: "Grace", days: 3 }]));`;
    await Bun.write(join(copyOf("nightly-job"), "debts.ts"), debts);
    await run("nightly-job", "tq run debts.ts && ./nightly.sh; ./nightly.sh; true");
    const said = await run("nightly-job", "tq worker --drain --quiet");
    expect(said).toEqual(["reminds Ada after 40 days"]);
  });

  test("nightly-job is silent while its task is well, and says where it failed or cannot be pushed", async () => {
    await leaveDatabase();
    expect(await run("nightly-job", "./nightly.sh")).toEqual([]);
    const waiting = await run("nightly-job", "./nightly.sh; test $? = 1");
    expect(waiting).toContainEqual(expect.stringContaining("No worker is running"));
    expect(await run("nightly-job", "tq worker --drain --quiet && ./nightly.sh")).toEqual([]);
    const fails =
      "UPDATE tq__task SET state = 'failed', reason = 'no paper' WHERE model = 'nightly'";
    (await databaseOf("nightly-job")).sql(fails);
    const failed = await run("nightly-job", "./nightly.sh; test $? = 1");
    expect(failed[0]).toMatch(/^nightly\.sh: the task nightly-\S+ has failed; /);
    expect(failed).toContainEqual(expect.stringMatching(/^reason +no paper$/));
    const refused = await run("nightly-job", "TQ_MODELS=gone.ts ./nightly.sh; test $? = 7");
    expect(refused[0]).toStartWith("tq: Cannot load ");
  });

  test("webhook tries again until its event is taken, and keeps what its function returns", async () => {
    expect(await run("webhook", "tq run main.ts 2>log")).toEqual([
      'request 2, task-1: {"order":7}',
    ]);
    const lines = await run("webhook", "tq show 1");
    expect(lines.filter((line) => /^(?:state|call|result) /.test(line))).toEqual([
      "state      finished",
      "call       webhook.deliver",
      'result     {"status":200}',
    ]);
    const pushed = `tq push webhook.deliver '["http://127.0.0.1:9/hook", {"order": 8}]'`;
    expect(await run("webhook", pushed)).toEqual(["2"]);
  });

  onSqlite("its programs open the file").describe("push-by-sql", () => {
    needs("python3").test("pushes from Python in the transaction of a sale", async () => {
      const said = await run(
        "push-by-sql",
        "tq worker --drain --quiet && python3 push.py && tq worker --drain --quiet",
      );
      expect(said).toEqual(["sale 1: task 1 is ready", "from Python: sale 1 is confirmed"]);
    });

    test("runs the same statements in PHP as in Python", () => {
      expect(statementsOf("push.php")).toEqual(statementsOf("push.py"));
    });

    // PHP is no tool that `npm test` installs: without it, the test above says that its statements work.
    if (Bun.which("php") !== null && hasSqlite()) {
      test("pushes from PHP in the transaction of a sale", async () => {
        const said = await run(
          "push-by-sql",
          "rm -f tq.db && tq worker --drain --quiet && php push.php && tq worker --drain --quiet",
        );
        expect(said).toEqual(["sale 1: task 1 is ready", "from PHP: sale 1 is confirmed"]);
      });
    }
  });

  needs("python3").test("push-by-http pushes from Python and sees the task end", async () => {
    const said = await run(
      "push-by-http",
      `tq worker --admin --listen 127.0.0.1:0 2>log & \\
       until url=$(grep -so 'http://[^ ]*' log); do sleep 0.01; done; \\
       python3 push.py "$url"; kill $!; wait`,
    );
    expect(said).toEqual(["to ada@example.com: Welcome", "task 1 is finished"]);
  });

  test("desktop counts the words of its lines, and ends with its input", async () => {
    const input = "printf 'two words\\nand three more\\n'";
    await run("desktop", `${input} | tq run main.ts 2>/dev/null`);
    // The task that the first one left for the next start has run by now.
    const [said = ""] = await run(
      "desktop",
      "tq worker --drain --quiet && tq run main.ts </dev/null 2>log",
    );
    expect(said).toBe("5 words are counted");
  });

  needs("curl").test(
    "web answers each POST at once, its worker does the rest, and SIGTERM ends the program with 0",
    async () => {
      const said = await run(
        "web",
        `PORT=0 tq run main.ts >out 2>log & \
         until url=$(grep -so 'http://[^ ]*' out); do sleep 0.01; done; \
         curl -s -X POST "\${url}pictures/cat.png"; echo; \
         until curl -s "\${url}pictures" | grep small; do sleep 0.01; done; \
         kill $!; wait $!`,
      );
      expect(said).toEqual(['{"id":1}', '[{"name":"cat.png","state":"small"}]']);
      const log = linesOf("web", "log");
      expect(log.at(-1)).toEndWith("stopped");
      expect(log.filter((line) => line.includes(" warn "))).toEqual([]);
    },
  );

  test("tracing has one trace for a push, its run and what that pushes, in programs and threads", async () => {
    mkdirSync(join(folder, "tracing/node_modules"), { recursive: true });
    symlinkSync(
      join(ROOT, "node_modules/@opentelemetry"),
      join(folder, "tracing/node_modules/@opentelemetry"),
    );
    await run("tracing", "tq run main.ts && { tq worker -n 2 --drain --quiet; true; }");
    const lines = linesOf("tracing", "spans.txt").map((line) => {
      const [trace = "", id = "", parent = "", status = "", ...name] = line.split(" ");
      return { trace, id, parent, status, name: name.join(" ") };
    });
    const chains = lines
      .filter(({ name }) => name === "push order.confirm")
      .map(({ trace }) => {
        const below = (parent: string): string[] => {
          const next = lines.find((line) => line.trace === trace && line.parent === parent);
          return next ? [`${next.name} ${next.status}`, ...below(next.id)] : [];
        };
        return below("-");
      });
    const way = ["push order.confirm 0", "run order.confirm 0", "push order.ship 0"];
    expect(chains).toEqual([
      [...way, "run order.ship 0"],
      [...way, "run order.ship 2"],
    ]);
    expect(lines.filter(({ name }) => name === "look for stock")).toHaveLength(2);
  });

  test("has at most 60 lines in each file, and says how to run it", () => {
    for (const example of readdirSync(EXAMPLES)) {
      if (example === "archive") continue;
      for (const file of readdirSync(join(EXAMPLES, example))) {
        const lines = readFileSync(join(EXAMPLES, example, file), "utf8")
          .trimEnd()
          .split("\n");
        expect(lines.length, `${example}/${file}`).toBeLessThanOrEqual(60);
        expect(lines[0], `${example}/${file}`).toMatch(/^(?:\/\*\*|"""|<\?php|#!\/bin\/sh)/);
      }
    }
  });
});

/** The copy of an example's folder, as a new project. */
function copyOf(example: string): string {
  const copy = join(folder, example);
  cpSync(join(EXAMPLES, example), copy, { recursive: true, force: false });
  return copy;
}

function linesOf(example: string, file: string): string[] {
  return readFileSync(join(folder, example, file), "utf8")
    .trimEnd()
    .split("\n");
}

/** The lines that the commands print, after `tq init`, without what a worker puts before those of tasks. */
/** Said once, by the first program in a folder. */
const MADE = "made a new, empty database";

async function run(example: string, commands: string): Promise<string[]> {
  const { place } = await databaseOf(example);
  const child = Bun.spawn(["bash", "-c", `exec 2>&1; tq init >init || exit; ${commands}`], {
    cwd: copyOf(example),
    env: { ...env, ...(IS_POSTGRES && { TQ_DATABASE: place }) },
    stdout: "pipe",
    timeout: 60_000,
  });
  const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  expect({ output, code }).toEqual({ output, code: 0 });
  const said = output.replaceAll(/^[-\d]{10} [\d:.]{12}[-+\d:]{6} info {2}task \d+: /gm, "");
  return said.split("\n").filter((line) => line !== "" && !line.includes(MADE));
}

/** True when PHP has its driver for SQLite. */
function hasSqlite(): boolean {
  return Bun.spawnSync(["php", "-r", "new PDO('sqlite::memory:');"]).exitCode === 0;
}

/** The SQL of a program, its placeholders and blanks as they are, without what surrounds it. */
function statementsOf(file: string): string[] {
  const text = readFileSync(join(EXAMPLES, "push-by-sql", file), "utf8");
  const statement =
    /(?<quote>["'])(?<sql>(?:PRAGMA|CREATE|BEGIN|INSERT|COMMIT|ROLLBACK|SELECT).*?)\k<quote>/g;
  return [...text.matchAll(statement)].map(({ groups }) => groups?.["sql"] ?? "");
}
