/** Tryton's way: models with records, and calls of their methods. */
import type { Starter } from "./starter.ts";

export const TRYTON: Starter = {
  purpose: "models and records, as in Tryton",
  about: "a task is the call of a method of a model.",
  push: `tq push notebook add 1 --args '["hello world"]'`,
  models: `// The models of this project. The tq executable provides the module "tq".
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
`,
};
