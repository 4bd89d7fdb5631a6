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

const GITIGNORE = `# The database, the files beside it, and the token of the admin API.
tq.db*
tq.token
`;

const readme = ({ push, about }: Starter, models: string) => `# A project with tq

\`${models}\` holds the tasks: ${about} \`tq push\` stores a task in the database, and \`tq worker\` runs it:

    ${push}
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

/** The path of each file in a new project, and its text. @param models the path of the models */
export function starterFiles(
  starter: Starter,
  models: string,
): Readonly<Record<string, () => Promise<string>>> {
  return {
    "tq.toml": async () => TQ_TOML,
    [models]: async () => starter.models,
    "README.md": async () => readme(starter, models),
    ".gitignore": async () => GITIGNORE,
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
