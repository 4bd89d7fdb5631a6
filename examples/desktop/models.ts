/** The notes of a desktop program. The program beside this file says how to run it. */
import { ModelSQL, type Queue, v } from "tq";

export class Note extends ModelSQL("note", { text: v.string(), words: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof Note>;

  async count() {
    this.words = this.text.split(/\s+/).length;
    await this.save();
  }
}
