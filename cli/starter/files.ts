/** The files that `tq init` writes. */
import declarations from "#tq.d.ts" with { type: "file" };
// @ts-expect-error: the path of a file of declarations, not a module
import valibotPath from "../../node_modules/valibot/dist/index.d.mts" with { type: "file" }; // oxlint-disable-line import/default

const TQ_TOML = `# Settings of tq; \`tq config\` shows all of them and where each came from.

[queue]
worker = true # \`tq worker\` runs the tasks; if false, each program runs its own after the commit

[tasks."*"]
strict = true # a task fails whose method forgets to await what it saves, reads or pushes; its reason names the line
`;

const MODELS = `// The models of this project. The tq executable provides the module "tq".
import { Model, ModelSQL, type Queue, v } from "tq";

/** A note: a row of the table "note". */
export class Note extends ModelSQL("note", { text: v.string(), words: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof Note>;

  async count() {
    this.words = this.text.split(/\\s+/).filter((word) => word !== "").length;
    await this.save();
  }
}

/** A model without a table. */
export class Notebook extends Model {
  static override readonly __name__ = "notebook";
  declare static readonly __queue__: Queue<typeof Notebook>;

  /** Writes a note and pushes the task that counts its words; both commit together or not at all. */
  static async add(_notebook: Notebook, text: string) {
    const [note] = await Note.create([{ text }]);
    if (note) await Note.__queue__.count(note);
  }
}
`;

const README = `# A project with tq
\`models.ts\` holds the models; a task is a call of one of their methods, stored in the database; \`tq config\` says which file that is (\`database.path\`).
\`tq push MODEL METHOD IDS\` pushes a task, and \`tq worker\` runs it. With the models that \`tq init\` writes: \`tq push notebook add 1 --args '["hello world"]'\`.
\`tq list\`, \`tq show ID\` and \`tq status\` show the tasks; \`tq --help\` lists all commands.
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

/** The path of each file in the new project, and its text. */
export const STARTER: Readonly<Record<string, () => Promise<string>>> = {
  "tq.toml": async () => TQ_TOML,
  "models.ts": async () => MODELS,
  "README.md": async () => README,
  "tsconfig.json": async () => TSCONFIG,
  "types/tq.d.ts": editorTypes,
};

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
