/** The tables of the documents are those of the code. `TQ_README=write npm test -- test/readme` writes them. */
import { Database } from "bun:sqlite";
import * as v from "valibot";
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allCommands } from "../../cli/command/command.ts";
import { COMMANDS } from "../../cli/commands.ts";
import { EXIT_UNEXPECTED } from "../../cli/command/explain.ts";
import { OWN_STATUS, type ProblemCode, STATUS } from "../../src/admin/problem.ts";
import { ERROR_CODES, EXIT_CODES } from "../../src/errors.ts";
import { PUSHED_KEYS } from "../../src/policies/read.ts";
import { POLICIES, POLICY_KEYS, type PolicyKey, type PolicyRow } from "../../src/policies/table.ts";
import { splitContext } from "../../src/push/placement.ts";
import { CALL, presetWords, type Row, TASK_OPTIONS } from "../../src/push/task-options.ts";
import { KINDS } from "../../src/registry/columns.ts";
import { toField } from "../../src/registry/fields.ts";
import { TYPES } from "../../src/postgres/sql/table.ts";
import { SETTINGS } from "../../src/settings/table.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import type { WorkerOptions } from "../../src/embed.ts";
import { EVENT_LEVELS } from "../../src/log/events.ts";
import { CALL as CALL_PART, CALL_HELP } from "../../src/tasks/call-filter.ts";
import { FILTER_PARTS } from "../../src/tasks/filter.ts";
import { decode } from "../../src/values/decoding.ts";
import type { Operator } from "../../src/store/records.ts";
import { URL_PARAMETERS } from "../../src/values/url-parameters.ts";
import { DOCUMENTS, read, ROOT } from "./documents.ts";
import { benchTable, toTable } from "./bench-table.ts";
import { RECURRING_ROWS } from "./recurring-rows.ts";

describe("the tables", () => {
  test("that come from the code are as the code says", async () => {
    const blocks: Record<string, string[][]> = {
      commands: await commandRows(),
      tq_push: pushRows(),
      "context keys": contextRows(),
      settings: settingRows(),
      policies: policyRows(),
      "recurring tasks": RECURRING_ROWS.map((cells) => row(...cells)),
      filters: filterRows(),
      "URL parameters": Object.entries(URL_PARAMETERS).map(([name, { help }]) => row(name, help)),
    };
    if (process.env["TQ_README"] === "write") await writeBlocks(blocks);
    for (const [name, rows] of Object.entries(blocks)) {
      const text = read(documentWith(blockStart(name)));
      const [, block = ""] = new RegExp(`${blockStart(name)}([^]*?)<!-- end -->`).exec(text) ?? [];
      expect(cellsOf(block), `${name}: TQ_README=write npm test -- test/readme`).toEqual(rows);
    }
  });

  test("of exit codes has them all, with the HTTP statuses", () => {
    const rows = cellsOf(section("docs/commands.md", "## Exit codes"));
    const listed = rows.flatMap(([exit, http, code]) => {
      const name = code?.replaceAll("`", "") ?? "";
      return name === "" ? [] : [{ name, exit, http }];
    });
    const exits: Record<string, number> = { ...EXIT_CODES, internal: EXIT_UNEXPECTED };
    expect(listed).toEqual(
      [...ERROR_CODES, ...Object.keys(OWN_STATUS)].map((name) => ({
        name,
        exit: String(exits[name] ?? ""),
        http: String(STATUS[name as ProblemCode]),
      })),
    );
  });

  test("of context keys has exactly those that a push knows", () => {
    expect(firstCells(blockStart("context keys"))).toEqual(contextKeys());
  });

  test("of events, of options of startWorker and of operators have them all", () => {
    const levels = cellsOf(section("docs/api.md", "## Events"));
    expect(levels.map(([event = "", level]) => [quoted(event)[0], level])).toEqual([
      ...Object.entries(EVENT_LEVELS),
      ["log.note", "its own"],
    ]);
    const options = cellsOf(section("docs/api.md", "## `startWorker`"));
    expect(options.flatMap(([name = ""]) => quoted(name))).toEqual(Object.keys(WORKER_OPTIONS));
    const operators = cellsOf(section("docs/api.md", "## Search"));
    expect(operators.flatMap(([names = ""]) => quoted(names))).toEqual(Object.keys(OPERATORS));
  });

  test("of types of columns says what tq makes of fields, and takes", () => {
    const cells = cellsOf(read("docs/models.md").split("### Types of columns")[1] ?? "");
    const kinds = ["text", "integer", "number", "boolean", "blob", "json"] as const;
    const types = kinds.map((kind) => {
      const { type } = KINDS[kind];
      const [made, ...taken] = TYPES[type];
      return [type, type === "TEXT" ? 'text COLLATE "C"' : made, ...taken];
    });
    expect(cells.map(([, ...rest]) => rest.flatMap(quoted))).toEqual(types);
    const fields = [v.string(), v.pipe(v.number(), v.integer()), v.number(), v.boolean()];
    const all = [...fields, v.instance(Uint8Array), v.bigint()];
    expect(all.map((schema) => toField("sale", "it", schema).kind)).toEqual([...kinds]);
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
    for (const view of ["tq_tasks", "tq_attempts", "tq_errors"]) {
      const mark = `<!-- columns: ${view} -->`;
      const [, list = ""] =
        new RegExp(`${mark}\n\n([^]*?)\n\n`).exec(read(documentWith(mark))) ?? [];
      expect(quoted(list)).toEqual(columns(view));
    }
    const stats = cellsOf(section("docs/lateness.md", "## By plain SQL"));
    expect(stats.map(([name = ""]) => quoted(name)[0])).toEqual(columns("tq_stats"));
    rmSync(folder, { recursive: true });
  });

  test("of tagged arguments show what each becomes", () => {
    const rows = cellsOf(section("docs/sql.md", "## Arguments that JSON lacks"));
    expect(rows.length).toBeGreaterThan(5);
    for (const [, json = "", becomes = ""] of rows) {
      const value = decode(quoted(json)[0] ?? "") as object;
      expect(value.constructor.name).toBe(quoted(becomes)[0]?.split(".").at(-1) ?? "");
    }
  });
});

/** In their order in the document; the compiler holds that none is missing. */
const WORKER_OPTIONS: Readonly<Record<keyof WorkerOptions, true>> = {
  config: true,
  database: true,
  models: true,
  queues: true,
  threads: true,
  admin: true,
  drain: true,
  watch: true,
  exitWithParent: true,
  report: true,
};

const OPERATORS: Readonly<Record<Operator, true>> = {
  "=": true,
  "!=": true,
  "<": true,
  "<=": true,
  ">": true,
  ">=": true,
  in: true,
  "not in": true,
  like: true,
  "not like": true,
};

/** The only document with this comment. */
function documentWith(comment: string): string {
  const found = DOCUMENTS.filter((document) => read(document).includes(comment));
  expect(found, comment).toHaveLength(1);
  return found[0] ?? "";
}

/** As the refusal of an unknown key lists them. */
function contextKeys(): string[] {
  try {
    splitContext({ queue_unknown_to_all: 1 }, { now: 0, batchSize: 20 });
  } catch (error) {
    return /is not one of ([\w, ]+)/.exec(String(error))?.[1]?.split(", ") ?? [];
  }
  return [];
}

function section(document: string, heading: string): string {
  const parts = read(document).split(/^(?=## )/m);
  return parts.find((part) => part.startsWith(`${heading}\n`)) ?? "";
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
  const text = read(documentWith(comment));
  const rows = cellsOf(text.slice(text.indexOf(comment)));
  return rows.flatMap(([cell = ""]) => quoted(cell));
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

async function commandRows(): Promise<string[][]> {
  return (await allCommands(COMMANDS)).map(({ name, description }) => [
    `\`tq ${name}\``,
    description,
  ]);
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

function filterRows(): string[][] {
  const rows = FILTER_PARTS.map(({ flag, hint, key, field, help }) => {
    const [cell = ""] = row(`--${flag} ${hint}`);
    return [cell, `\`${key}\``, `\`${field}\``, help.replaceAll("*", "\\*")];
  });
  return [...rows, [`\`--${CALL_PART} CALL\``, "`model`, `method`", `\`${CALL_PART}\``, CALL_HELP]];
}

function policyRows(): string[][] {
  return POLICY_KEYS.map((key) => {
    const { preset, words, allowed, help } = POLICIES[key] as PolicyRow<unknown>;
    return row(key, words(preset), allowed, help, placesOf(key));
  });
}

/** Where a policy may stand. */
function placesOf(key: PolicyKey): string {
  if (POLICIES[key].onlyModel === true) return "model";
  const isPushed = PUSHED_KEYS.some((pushed) => pushed === key);
  return isPushed ? "model, tq.toml, push" : "model, tq.toml";
}

function row(name: string, ...cells: string[]): string[] {
  return [`\`${name}\``, ...cells].map((cell) =>
    cell.replaceAll("|", "\\|").replaceAll("*", "\\*"),
  );
}

const HEADS: Record<string, string[]> = {
  "URL parameters": ["Parameter", "What tq does with it"],
  commands: ["Command", "What it does"],
  tq_push: ["Column", "Default", "It must be", "Meaning"],
  "context keys": ["Key", "Default", "It must be", "Meaning"],
  settings: ["Setting", "Default", "It must be", "Meaning"],
  "recurring tasks": ["Key", "Default", "It must be", "Meaning"],
  filters: ["Flag", "In a program", "Over HTTP", "Meaning"],
  policies: ["Policy", "Default", "It must be", "Meaning", "Said by"],
};

function blockStart(name: string): string {
  return `<!-- generated: ${name} -->`;
}

async function writeBlocks(blocks: Record<string, string[][]>): Promise<void> {
  for (const [name, rows] of Object.entries(blocks)) {
    writeBlock(blockStart(name), toTable(HEADS[name] ?? [], rows));
  }
  const bench = benchTable();
  if (bench !== null) writeBlock("<!-- bench -->", bench);
  const paths = DOCUMENTS.map((document) => join(ROOT, document));
  await Bun.spawn([process.execPath, "fmt", "--no-script", ...paths], { stdout: "ignore" }).exited;
}

function writeBlock(start: string, block: string): void {
  const document = documentWith(start);
  const text = replaceBlock(read(document), start, block);
  writeFileSync(join(ROOT, document), text);
}

function replaceBlock(text: string, start: string, block: string): string {
  return text.replace(
    new RegExp(`${start}[^]*?<!-- end -->`),
    () => `${start}\n\n${block}\n\n<!-- end -->`,
  );
}
