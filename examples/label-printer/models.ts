/** The labels of a store. The program beside this file says how to run it. */
import { appendFileSync } from "node:fs";
import { ModelSQL, type Queue, v } from "tq";

export class Label extends ModelSQL("label", { printer: v.string(), text: v.string() }) {
  declare static readonly __queue__: Queue<typeof Label>;

  /** A printer takes some time, and mixes up labels that are sent to it at the same time. */
  async print() {
    const paper = `${this.printer}.txt`;
    appendFileSync(paper, `begin ${this.text}\n`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    appendFileSync(paper, `end ${this.text}\n`);
  }
}
