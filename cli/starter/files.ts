/** The files that `tq init` writes. */
import declarations from "./tq.d.ts.txt" with { type: "file" };
// @ts-expect-error: a file of declarations, taken as a file
import valibotPath from "../../node_modules/valibot/dist/index.d.mts" with { type: "file" }; // oxlint-disable-line import/default

const TQ_TOML = `# Settings of tq; \`tq config\` shows all of them and where each came from.

[queue]
worker = true # \`tq worker\` runs the tasks; false: each program runs its own after the commit
`;

const MODELS = `// The models of this project. "tq" is a module that the tq executable provides.
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

  /** Writes a note and leaves the counting to another task; both commit together or not at all. */
  static async add(_notebook: Notebook, text: string) {
    const [note] = await Note.create([{ text }]);
    if (note) await Note.__queue__.count(note);
  }
}
`;

const README = `# A project with tq
\`models.ts\` has the models; a task is a call of one of their methods, stored in the database \`tq.db\`.
\`tq push MODEL METHOD IDS\` pushes a task, such as \`tq push notebook add 1 --args '["hello world"]'\` with the models that \`tq init\` writes, and \`tq worker\` runs it.
\`tq list\`, \`tq show ID\` and \`tq status\` say what happened; \`tq --help\` says what else there is.
\`types/tq.d.ts\` and \`tsconfig.json\` are for editors; after an update delete the first and run \`tq init\` again. For the types of Node and Bun: \`npm install --save-dev @types/bun\`, and \`"types": ["bun"]\` in \`tsconfig.json\`.
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

/** The declarations of "tq" and of the valibot that it gives as \`v\`. */
async function editorTypes(): Promise<string> {
  const [tq, valibot] = await Promise.all(
    [String(declarations), String(valibotPath)].map((path) => Bun.file(path).text()),
  );
  const ambient = (valibot ?? "").replaceAll(/^declare /gm, "");
  return [
    "// The types of the module tq, for editors; tq itself does not read this file.",
    tq,
    `declare module "tq:internal/valibot" {\n${ambient}}\n`,
  ].join("\n");
}
