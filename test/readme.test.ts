/**
 * The README and docs/ say what is true: their snippets are run in one folder, in order, and their tables are
 * those of the code. `TQ_README=write npm test -- test/readme.test.ts` writes the tables that come from the code.
 *
 * An HTML comment before a snippet says what is done with it: `file: NAME` saves it, `not run: REASON` does not
 * run it. In a session `$ ` is a command, `# exit N` its exit status, `^C` the end of one that goes on, and a
 * line that ends with `…` goes on in any way.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { COMMANDS } from "../cli/commands.ts";
import { ERROR_CODES, EXIT_CODES, HTTP_STATUS } from "../src/errors.ts";
import { splitContext } from "../src/push/placement.ts";
import { CALL, presetWords, type Row, TASK_OPTIONS } from "../src/push/task-options.ts";
import { SETTINGS } from "../src/settings/table.ts";
import { SqliteStore } from "../src/sqlite/store.ts";
import { needs } from "./support/needs.ts";

const ROOT = join(import.meta.dir, "..");
const DOCUMENTS = ["README.md", ...names("docs").map((name) => `docs/${name}`)];
/** What the documents call the folder in which they work. */
const SHOWN_FOLDER = "/home/me/shop";
const SHOWN_PORT = "8989";

function names(folder: string): string[] {
  return existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder)).sort() : [];
}

function read(document: string): string {
  return readFileSync(join(ROOT, document), "utf8");
}

interface Snippet {
  /** `README.md:12` */
  readonly place: string;
  readonly language: string;
  readonly text: string;
  /** What the comment before it says. */
  readonly mark: string;
}

const SNIPPET = /(?:<!-- (?<mark>[^>]*) -->\n\n)?^```(?<language>\w*)\n(?<text>[^]*?)^```$/gm;

const SNIPPETS: readonly Snippet[] = DOCUMENTS.flatMap((document) => {
  const whole = read(document);
  return [...whole.matchAll(SNIPPET)].map(({ index, groups = {} }) => {
    const { mark = "", language = "", text = "" } = groups;
    const line = whole.slice(0, index).split("\n").length;
    return { place: `${document}:${line}`, language, text, mark };
  });
});

const RUN = SNIPPETS.filter(({ mark }) => !mark.startsWith("not run: "));

function fileOf({ mark }: Snippet): string | undefined {
  return /^file: (\S+)$/.exec(mark)?.[1];
}

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

interface Command {
  readonly line: string;
  readonly code: number;
  readonly expected: readonly string[];
  /** A person ends it with Ctrl-C. */
  readonly interrupted: boolean;
}

function readSession(text: string): Command[] {
  return text
    .trimEnd()
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [first = "", ...expected] = part.trimEnd().split("\n");
      const [, line = "", code = "0"] = /^(.*?)(?: # exit (\d+))?$/.exec(first) ?? [];
      return { line, code: Number(code), expected, interrupted: expected.includes("^C") };
    });
}

/** What was said, a line that begins as one shown with `…` taken for it. */
function likeShown(said: readonly string[], shown: readonly string[]): string[] {
  return said.map((line, at) => {
    const like = shown[at] ?? "";
    return like.endsWith("…") && line.startsWith(like.slice(0, -1)) ? like : line;
  });
}

function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}

describe("the tables", () => {
  test("that come from the code are as the code says", async () => {
    const blocks: Record<string, string[][]> = {
      commands: commandRows(),
      tq_push: pushRows(),
      "context keys": contextRows(),
      settings: settingRows(),
    };
    if (process.env["TQ_README"] === "write") await writeBlocks(blocks);
    const README = read("README.md");
    for (const [name, rows] of Object.entries(blocks)) {
      const [, block = ""] =
        new RegExp(`${blockStart(name)}([^]*?)<!-- end -->`).exec(README) ?? [];
      expect(cellsOf(block), `${name}: TQ_README=write npm test -- test/readme.test.ts`).toEqual(
        rows,
      );
    }
  });

  test("of exit codes has them all, with the HTTP statuses", () => {
    const rows = cellsOf(section("## Exit codes"));
    const listed = rows.flatMap(([exit, http, code]) => {
      const name = code?.replaceAll("`", "") ?? "";
      return (ERROR_CODES as readonly string[]).includes(name) ? [{ name, exit, http }] : [];
    });
    expect(listed).toEqual(
      ERROR_CODES.map((name) => ({
        name,
        exit: String(EXIT_CODES[name]),
        http: String(HTTP_STATUS[name]),
      })),
    );
  });

  test("of context keys has exactly those that a push knows", () => {
    expect(firstCells(blockStart("context keys"))).toEqual(contextKeys());
  });

  test("of columns have those of the views", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tq-readme-"));
    const path = join(folder, "tq.db");
    await new SqliteStore({ path, durability: "normal" }).close();
    using db = new Database(path);
    const columns = (view: string) =>
      db
        .query(`SELECT name FROM pragma_table_info('${view}')`)
        .all()
        .map((row) => (row as { name: string }).name);
    expect(firstCells(blockStart("tq_push"))).toEqual(columns("tq_push"));
    const [, list = ""] = /<!-- columns: tq_tasks -->\n\n([^]*?)\n\n/.exec(README) ?? [];
    expect(quoted(list)).toEqual(columns("tq_tasks"));
    rmSync(folder, { recursive: true });
  });
});

const README = read("README.md");

/** As the refusal of an unknown key lists them. */
function contextKeys(): string[] {
  try {
    splitContext({ queue_unknown_to_all: 1 }, { now: 0, batchSize: 20 });
  } catch (error) {
    return /is not one of ([\w, ]+)/.exec(String(error))?.[1]?.split(", ") ?? [];
  }
  return [];
}

function section(heading: string): string {
  return README.split(/^(?=## )/m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
}

/** The cells of the first table in a text, without its head. */
function cellsOf(text: string): string[][] {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.startsWith("|"));
  const to = lines.findIndex((line, at) => at > from && !line.startsWith("|"));
  return lines.slice(from + 2, to === -1 ? undefined : to).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The names in the first column of the table after this comment. */
function firstCells(comment: string): string[] {
  const rows = cellsOf(README.slice(README.indexOf(comment)));
  return rows.flatMap(([cell = ""]) => quoted(cell));
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

function commandRows(): string[][] {
  return Object.values(COMMANDS).map(({ name, description }) => [`\`tq ${name}\``, description]);
}

function settingRows(): string[][] {
  return [...SETTINGS.values()].map(({ key, default: preset, allowed, flag, description }) =>
    row(key, preset, allowed, flag === undefined ? description : `${description} (\`${flag}\`)`),
  );
}

function pushRows(): string[][] {
  const call = Object.entries<Row>(CALL).map(([field, row]) => ({ ...row, field }));
  return [...call, ...TASK_OPTIONS].flatMap(({ field, preset, sql, help }) =>
    sql === null ? [] : [row(field, presetWords(preset), sql, help)],
  );
}

function contextRows(): string[][] {
  return TASK_OPTIONS.flatMap(({ context, preset, kind, help }) =>
    context === null ? [] : [row(context, presetWords(preset), kind.allowed, help)],
  );
}

function row(name: string, ...cells: string[]): string[] {
  return [`\`${name}\``, ...cells].map((cell) =>
    cell.replaceAll("|", "\\|").replaceAll("*", "\\*"),
  );
}

const HEADS: Record<string, string[]> = {
  commands: ["Command", "What it does"],
  tq_push: ["Column", "Default", "It must be", "Meaning"],
  "context keys": ["Key", "Default", "It must be", "Meaning"],
  settings: ["Setting", "Default", "It must be", "Meaning"],
};

function blockStart(name: string): string {
  return `<!-- generated: ${name} -->`;
}

async function writeBlocks(blocks: Record<string, string[][]>): Promise<void> {
  const path = join(ROOT, "README.md");
  let text = README;
  for (const [name, rows] of Object.entries(blocks)) {
    text = replaceBlock(text, blockStart(name), toTable(HEADS[name] ?? [], rows));
  }
  text = replaceBlock(text, "<!-- bench -->", benchTable());
  writeFileSync(path, text);
  await Bun.spawn([process.execPath, "fmt", "--no-script", path], { stdout: "ignore" }).exited;
}

function replaceBlock(text: string, start: string, block: string | null): string {
  if (block === null) return text;
  return text.replace(
    new RegExp(`${start}[^]*?<!-- end -->`),
    () => `${start}\n\n${block}\n\n<!-- end -->`,
  );
}

function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The last run of `npm run bench`; null when there is none. */
function benchTable(): string | null {
  const files = names("bench/results").filter((name) => name.endsWith(".json"));
  const last = files.at(-1);
  if (last === undefined) return null;
  const { started, machine, settings, rows } = JSON.parse(
    read(join("bench/results", last)),
  ) as BenchRun;
  const table = toTable(
    ["Measure", "tq", "Raw limit", "Ratio", "To reach"],
    rows.map(({ measure, figure, raw, ratio, bar }) => [measure, figure, raw, ratio, bar]),
  );
  const { processor, cores, memory, bun } = machine;
  return [
    `${settings.quick ? "A quick run" : "The run"} of ${started.slice(0, 10)}:`,
    `${processor}, ${cores} cores, ${memory} GB, Bun ${bun}, durability ${settings.durability};`,
    `medians, and from the lowest to the highest.\n\n${table}`,
  ].join(" ");
}

/** What `bench/main.ts` writes, as far as it is shown. */
interface BenchRun {
  readonly started: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly settings: { readonly quick: boolean; readonly durability: string };
  readonly rows: readonly Readonly<
    Record<"measure" | "figure" | "raw" | "ratio" | "bar", string>
  >[];
}

test("links lead to files and headings that exist", () => {
  for (const document of DOCUMENTS) {
    const text = read(document).replaceAll(SNIPPET, "");
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? document : join(dirname(document), path);
      expect(existsSync(join(ROOT, file)), `${document}: ${link}`).toBe(true);
      if (anchor !== undefined) expect(anchors(file), `${document}: ${link}`).toContain(anchor);
    }
  }
});

test("files and npm scripts that are named exist", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  for (const document of DOCUMENTS) {
    const text = read(document).replaceAll(SNIPPET, "");
    for (const [, path = ""] of text.matchAll(
      /`((?:src|cli|test|bench|examples|docs)\/[\w./-]*)`/g,
    )) {
      if (path === "bench/results") continue; // made by a run
      expect(existsSync(join(ROOT, path)), `${document}: ${path}`).toBe(true);
    }
    for (const [, script = ""] of read(document).matchAll(/npm run ([\w:]+)/g)) {
      expect(Object.keys(scripts), `${document}: npm run ${script}`).toContain(script);
    }
  }
});

function anchors(document: string): string[] {
  return [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}
