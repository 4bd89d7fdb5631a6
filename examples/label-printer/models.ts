/** The labels of a store. The program beside this file says how to run it. */
import { appendFileSync } from "node:fs";
import { ModelSQL, type Queue, Transaction, UserError, v } from "tq";

export class Label extends ModelSQL("label", {
  printer: v.string(),
  text: v.string(),
  state: v.optional(v.picklist(["waiting", "printing", "printed"]), "waiting"),
}) {
  declare static readonly __queue__: Queue<typeof Label>;

  /**
   * A printer takes some time, and mixes up labels that are sent to it at the same time.
   *
   * A power cut in the middle leaves the label cut, or whole, and the task runs again: without `state` it would print the
   * label once more. With it the task fails, and `tq list --state failed` says to look at the paper. To print the label
   * again, set its state back and retry the task: UPDATE label SET state = 'waiting' WHERE id = 7, `tq retry ID`.
   */
  async print() {
    if (this.state === "printed") return;
    if (this.state === "printing") throw new UserError(`Look at the paper: is ${this.text} on it?`);
    this.state = "printing";
    await this.save();
    await Transaction.current.commit(); // before the first byte is sent; and the write lock is free while it prints

    const paper = `${this.printer}.txt`;
    appendFileSync(paper, `begin ${this.text}\n`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    appendFileSync(paper, `end ${this.text}\n`);

    this.state = "printed";
    await this.save();
  }
}
