/**
 * The documents say what is true. The snippets of each are run in a folder of its own, in order; that of a document of
 * docs/ begins with the models and the program of the README, the settings that `tq init` writes, and an empty queue.
 *
 * An HTML comment before a snippet says what is done with it: `file: NAME` saves it, `not run: REASON` does not
 * run it. In a session `$ ` is a command, `# exit N` its exit status, `^C` the end of one that goes on, and a
 * line that ends with `…` goes on in any way.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { SqliteStore } from "../../src/sqlite/store.ts";
import { connect } from "../support/connect.ts";
import { freePort } from "../support/free-port.ts";
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
const SHOWN_FOLDER = "/srv/shop";
const SHOWN_PORT = "8989";

const README = "README.md";

/** A program that takes the types of Bun from @types/bun. */
const BUN = / from "(?:bun"|bun:|node:)|\bprocess\.exit/;

/** The documents that have something to run. */
const SHOWN = [...new Set(RUN.map(({ document }) => document))];

test("every snippet is run, or says why not", () => {
  expect(SNIPPETS.length).toBeGreaterThan(25);
  expect(SHOWN.length).toBeGreaterThan(8);
  for (const snippet of RUN) {
    const { place, language } = snippet;
    expect(["ts", "toml", "sql", "sh"], place).toContain(language);
    if (language === "ts" || language === "toml") expect(fileOf(snippet), place).toBeString();
    if (language === "sh") expect(snippet.text, place).toStartWith("$ ");
  }
});

needs("curl", "sqlite3").describe("the snippets", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tq-readme-")));
  const programs = join(folder, "bin");
  const shops = join(folder, "shops");
  const port = freePort();
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TQ_"))),
    PATH: `${programs}:${process.env["PATH"]}`,
    NO_COLOR: "1",
    TQ_ADMIN__LISTEN: `127.0.0.1:${port}`,
  };

  beforeAll(async () => {
    for (const path of [programs, shops]) mkdirSync(path);
    symlinkSync(join(ROOT, "dist/tq"), join(programs, "tq"));
    symlinkSync(process.execPath, join(programs, "bun"));
    await succeeds("tq init", shops);
    for (const document of SHOWN) {
      if (document !== README) {
        copyFileSync(join(shops, "tq.toml"), fileIn(document, "tq.toml"));
        await new SqliteStore({ path: fileIn(document, "tq.db") }).close();
      }
      for (const snippet of RUN) {
        const name = fileOf(snippet);
        const isHere = snippet.document === document || snippet.document === README;
        if (name !== undefined && isHere) writeFileSync(fileIn(document, name), snippet.text);
      }
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(SHOWN)(
    "of %s do what they show",
    async (document) => {
      for (const snippet of RUN) {
        if (snippet.document !== document) continue;
        if (snippet.language === "sql") runSql(snippet);
        if (snippet.language === "sh") await runSession(snippet);
      }
    },
    120_000,
  );

  test("are right for the compiler, with the types that tq init writes", async () => {
    for (const document of SHOWN) {
      for (const name of ["node_modules", "types", "tsconfig.json"])
        rmSync(fileIn(document, name), { recursive: true, force: true });
    }
    for (const snippet of RUN) {
      const { document, text } = snippet;
      const name = fileOf(snippet);
      if (name !== undefined && BUN.test(text)) rmSync(fileIn(document, name));
    }
    const { output, code } = await bash("bun check --no-script", shops);
    expect({ output, code }).toEqual({
      output: expect.stringContaining("No type errors"),
      code: 0,
    });
  });

  test("load, and their settings are right", async () => {
    for (const snippet of RUN) {
      const { document, language } = snippet;
      const name = fileOf(snippet) ?? "";
      if (language === "toml") await succeeds(`tq config -c ${name}`, shopOf(document));
      if (language !== "ts" || isNamed(name, document)) continue;
      await succeeds(`tq run ${name}`, shopOf(document));
    }
  });

  /** The folder in which the snippets of a document are run. */
  function shopOf(document: string): string {
    return join(shops, document.replaceAll(/\W/g, "-"));
  }

  /** The path of a file there; its folder is made. */
  function fileIn(document: string, name: string): string {
    const path = join(shopOf(document), name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  /** True for a file that a session of its document runs, in its folder or from the one above. */
  function isNamed(file: string, of: string): boolean {
    const isInside = (text: string) =>
      text.includes(`cd ${dirname(file)}\n`) && text.includes(basename(file));
    return RUN.some(
      ({ document, language, text }) =>
        document === of && language === "sh" && (text.includes(file) || isInside(text)),
    );
  }

  function runSql({ document, text }: Snippet): void {
    using db = connect(fileIn(document, "tq.db"));
    db.run(text);
  }

  async function succeeds(command: string, cwd: string): Promise<void> {
    const { output, code } = await bash(command, cwd);
    expect(code, `${command}: ${output}`).toBe(0);
  }

  /** Runs all commands of a session in one shell, and compares what each says and how it ends. */
  async function runSession({ document, text, place }: Snippet): Promise<void> {
    if (/^\$ bun /m.test(text)) addDependency(document);
    const commands = readSession(text);
    const cwd = shopOf(document);
    const { output } = await bash(commands.map(toScript).join("\n"), cwd);
    const parts = output.split(/^== (\d+)\n/m);
    for (const [at, { line, code, expected, interrupted }] of commands.entries()) {
      const said = plain(parts[at * 2] ?? "", cwd);
      const shown = plain(expected.join("\n"), cwd);
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
  function addDependency(document: string): void {
    const link = fileIn(document, "node_modules/tq");
    if (!existsSync(link)) symlinkSync(ROOT, link);
  }

  async function bash(script: string, cwd: string): Promise<{ output: string; code: number }> {
    const child = Bun.spawn(["bash", "-c", `exec 2>&1\n${PATIENT_SHELL}\n${script}`], {
      cwd,
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
  function plain(text: string, shop: string): string[] {
    return text
      .replaceAll(shop, SHOWN_FOLDER)
      .replaceAll(/\d{4}-\d\d-\d\d[ T][\d:.]+(?:Z|\+00:00)?/g, "(time)")
      .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, "(id)")
      .replaceAll(/\d+(?:\.\d+)? (?:ms|s|min)\b/g, "(duration)")
      .replaceAll(/\d+(?:\.\d+)? (?:B|kB|MB|GB|TB)\b/g, "(size)")
      .replaceAll(/\d+ threads?/g, "(threads)")
      .split("\n")
      .map((line) => line.trim().replaceAll(/\s+/g, " "))
      .filter((line) => line !== "" && line !== "^C");
  }
});

/** A shell of SQLite, beside a process that ends just then, waits for its lock: the documents need not say so. */
const PATIENT_SHELL = `sqlite3() { command sqlite3 -cmd '.timeout 5000' "$@"; }`;
