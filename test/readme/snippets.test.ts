/**
 * The README and docs/ say what is true: their snippets are run in one folder, in order.
 *
 * An HTML comment before a snippet says what is done with it: `file: NAME` saves it, `not run: REASON` does not
 * run it. In a session `$ ` is a command, `# exit N` its exit status, `^C` the end of one that goes on, and a
 * line that ends with `…` goes on in any way.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { needs } from "../support/needs.ts";
import { ROOT } from "./documents.ts";
import {
  type Command,
  fileOf,
  likeShown,
  readSession,
  RUN,
  type Snippet,
  SNIPPETS,
} from "./snippets.ts";

/** What the documents call the folder in which they work. */
const SHOWN_FOLDER = "/home/me/shop";
const SHOWN_PORT = "8989";

test("every snippet is run, or says why not", () => {
  expect(SNIPPETS.length).toBeGreaterThan(10);
  for (const snippet of RUN) {
    const { place, language } = snippet;
    expect(["ts", "toml", "sql", "sh"], place).toContain(language);
    if (language === "ts" || language === "toml") expect(fileOf(snippet), place).toBeString();
    if (language === "sh") expect(snippet.text, place).toStartWith("$ ");
  }
});

needs("curl").describe("the snippets, in a folder of their own,", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tq-readme-")));
  const programs = join(folder, "bin");
  const shop = join(folder, "shop");
  const port = freePort();
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TQ_"))),
    PATH: `${programs}:${process.env["PATH"]}`,
    NO_COLOR: "1",
    TQ_ADMIN__LISTEN: `127.0.0.1:${port}`,
  };

  beforeAll(() => {
    mkdirSync(programs);
    symlinkSync(join(ROOT, "dist/tq"), join(programs, "tq"));
    symlinkSync(process.execPath, join(programs, "bun"));
    for (const snippet of RUN) {
      const name = fileOf(snippet);
      if (name === undefined) continue;
      mkdirSync(dirname(join(shop, name)), { recursive: true });
      writeFileSync(join(shop, name), snippet.text);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("do what they show", async () => {
    for (const snippet of RUN) {
      if (snippet.language === "sql") runSql(snippet.text);
      if (snippet.language === "sh") await runSession(snippet);
    }
  }, 120_000);

  test("are right for the compiler, with the types that tq init writes", async () => {
    rmSync(join(shop, "node_modules"), { recursive: true, force: true });
    const { output, code } = await bash("bun check --no-script");
    expect({ output, code }).toEqual({
      output: expect.stringContaining("No type errors"),
      code: 0,
    });
  });

  test("load, and their settings are right", async () => {
    for (const snippet of RUN) {
      const name = fileOf(snippet) ?? "";
      if (snippet.language === "toml") await succeeds(`tq config -c ${name}`);
      if (snippet.language !== "ts" || isNamed(name)) continue;
      await succeeds(`tq run ${name}`);
    }
  });

  /** True for a file that a session runs. */
  function isNamed(file: string): boolean {
    return RUN.some(({ language, text }) => language === "sh" && text.includes(file));
  }

  function runSql(text: string): void {
    using db = new Database(join(shop, "tq.db"));
    db.run(text);
  }

  async function succeeds(command: string): Promise<void> {
    const { output, code } = await bash(command);
    expect(code, `${command}: ${output}`).toBe(0);
  }

  /** Runs all commands of a session in one shell, and compares what each says and how it ends. */
  async function runSession({ text, place }: Snippet): Promise<void> {
    if (text.includes("node_modules/tq/")) addDependency();
    const commands = readSession(text);
    const { output } = await bash(commands.map(toScript).join("\n"));
    const parts = output.split(/^== (\d+)\n/m);
    for (const [at, { line, code, expected, interrupted }] of commands.entries()) {
      const said = plain(parts[at * 2] ?? "");
      const shown = plain(expected.join("\n"));
      if (interrupted) [said, shown].forEach((lines) => lines.sort());
      const where = `${place}: ${line}`;
      expect({ where, code: parts[at * 2 + 1], said: likeShown(said, shown) }).toEqual({
        where,
        code: String(code),
        said: shown,
      });
    }
  }

  /** What `bun add` does. */
  function addDependency(): void {
    mkdirSync(join(shop, "node_modules"), { recursive: true });
    const link = join(shop, "node_modules/tq");
    if (!existsSync(link)) symlinkSync(ROOT, link);
  }

  async function bash(script: string): Promise<{ output: string; code: number }> {
    const child = Bun.spawn(["bash", "-c", `exec 2>&1\n${script}`], {
      cwd: shop,
      env,
      stdout: "pipe",
      timeout: 60_000,
    });
    const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    return { output, code };
  }

  function toScript({ line, expected, interrupted }: Command): string {
    const command = line
      .replaceAll(SHOWN_PORT, String(port))
      .replace(
        "& sleep 1",
        `& for i in {1..400}; do curl -sf http://127.0.0.1:${port}/healthz >/dev/null && break; sleep 0.05; done`,
      );
    const end = `printf '== %s\\n' $?`;
    if (!interrupted) return `${command}\n${end}`;
    const lines = expected.slice(0, expected.indexOf("^C")).length;
    return [
      `: >said; ${command} >said 2>&1 &`,
      `for i in {1..400}; do (($(wc -l <said) >= ${lines})) && break; sleep 0.05; done`,
      `kill -INT $!; wait $!; ended=$?; cat said; rm said; (exit $ended)`,
      end,
    ].join("\n");
  }

  /** Without what differs from run to run. */
  function plain(text: string): string[] {
    return text
      .replaceAll(shop, SHOWN_FOLDER)
      .replaceAll(/\d{4}-\d\d-\d\d[ T][\d:.]+(?:Z|\+00:00)?/g, "(time)")
      .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, "(id)")
      .replaceAll(/\d+(?:\.\d+)? (?:ms|s|min)\b/g, "(duration)")
      .replaceAll(/\d+(?:\.\d+)? (?:B|kB|MB)\b/g, "(size)")
      .replaceAll(/\d+ threads?/g, "(threads)")
      .split("\n")
      .map((line) => line.trim().replaceAll(/\s+/g, " "))
      .filter((line) => line !== "" && line !== "^C");
  }
});

function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}
