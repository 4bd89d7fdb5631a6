/** The files that `tq init` writes. */
import declarations from "#tq.d.ts" with { type: "file" };
// @ts-expect-error: the path of a file of declarations, not a module
import valibotPath from "../../node_modules/valibot/dist/index.d.mts" with { type: "file" }; // oxlint-disable-line import/default
import { FUNCTIONS } from "./functions.ts";
import { SHOP } from "./shop.ts";
import type { Starter } from "./starter.ts";
import { TRYTON } from "./tryton.ts";

/** The projects that `tq init --starter` can begin with. */
export const STARTERS: Readonly<Record<string, Starter>> = {
  tryton: TRYTON,
  functions: FUNCTIONS,
  shop: SHOP,
};

export const DEFAULT_STARTER = "tryton";

const TQ_TOML = `# Settings of tq; \`tq config\` shows all of them and where each came from.

[queue]
worker = true # \`tq worker\` runs the tasks; if false, each program runs its own after the commit

[tasks."*"]
strict = true # a task fails whose method forgets to await what it saves, reads or pushes; its reason names the line
`;

/** The lines of .gitignore, each with what it leaves out. */
const IGNORED = [
  ["tq.db*", "the database, the files beside it"],
  ["tq.token", "the token of the admin API"],
  ["tq-*.db", "copies of the database"],
  ["backups/", "the folder of backups"],
] as const;

/** The lines that a .gitignore lacks, below a comment; "" where it has all. */
export function missingIgnores(text: string): { readonly lines: string[]; readonly added: string } {
  const known = text.split("\n").map((line) => line.trim().replace(/^\//, ""));
  const missing = IGNORED.filter(([line]) => !known.includes(line));
  const lines = missing.map(([line]) => line);
  if (missing.length === 0) return { lines, added: "" };
  const words = missing.map(([, what]) => what);
  const last = words.pop() ?? "";
  const what = [...words, words.length === 0 ? last : `and ${last}`].join(", ");
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text === "" ? "" : text.endsWith("\n") ? end : end + end;
  const all = [`# ${what.charAt(0).toUpperCase()}${what.slice(1)}.`, ...lines];
  return { lines, added: gap + all.map((line) => line + end).join("") };
}

/** @param starter null: the models are the user's own */
const readme = (starter: Starter | null, models: string) => `# A project with tq

\`${models}\` holds the tasks${starter === null ? "." : `: ${starter.about}`} \`tq push\` stores a task in the database, and \`tq worker\` runs it:

    ${starter === null ? "tq push --help" : starter.push}
    tq worker

\`tq list\`, \`tq show ID\` and \`tq status\` show the tasks; \`tq --help\` lists all commands; \`tq config\` shows the settings, and which file is the database (\`database.path\`).

Only editors read \`types/tq.d.ts\` and \`tsconfig.json\`. After an update of tq, delete the first and run \`tq init\` again. For the types of Node and Bun, run \`npm install --save-dev @types/bun\` and add \`"types": ["bun"]\` to \`tsconfig.json\`.
`;

const TSCONFIG = `{
  "compilerOptions": {
    "target": "ESNext",
    "lib": ["ESNext", "DOM"],
    "module": "Preserve",
    "moduleResolution": "Bundler",
    "moduleDetection": "force",
    "allowImportingTsExtensions": true,
    "verbatimModuleSyntax": true,
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true
  }
}
`;

/**
 * The path of each file in a new project, and its text.
 *
 * @param models the path of the models
 * @param own the path of the models that are there already; null: none are
 */
export function starterFiles(
  starter: Starter,
  models: string,
  own: string | null,
): Readonly<Record<string, () => Promise<string>>> {
  return {
    "tq.toml": async () => TQ_TOML,
    [models]: async () => starter.models,
    "README.md": async () => (own === null ? readme(starter, models) : readme(null, own)),
    ".gitignore": async () => missingIgnores("").added,
    "tsconfig.json": async () => TSCONFIG,
    "types/tq.d.ts": editorTypes,
  };
}

/** The declarations of "tq", and of valibot, which it exports as \`v\`. */
async function editorTypes(): Promise<string> {
  const [tq, valibot] = await Promise.all(
    [String(declarations), String(valibotPath)].map((path) => Bun.file(path).text()),
  );
  const ambient = (valibot ?? "").replaceAll(/^declare /gm, "");
  return [
    "// The types of the module tq, for editors; tq itself does not read this file.",
    (tq ?? "").replace('export * from "valibot";\n', () => ambient),
  ].join("\n");
}
