/** The labels of a store. The program beside this file says how to run it. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
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
   * label once more. With it the task fails, and `tq list --state failed` says to look at the paper. Then set the label to
   * 'waiting' to print it again, or to 'printed' where it is whole, and retry the task (`tq config` says where tq.db is):
   *
   *   sqlite3 tq.db "UPDATE label SET state = 'waiting' WHERE id = 7" && tq retry ID
   */
  async print() {
    if (this.state === "printed") return;
    if (this.state === "printing") throw new UserError(`Look at the paper: is ${this.text} on it?`);
    // A printer that is off fails the task here, before anything is printed: `tq retry` is all that it needs.
    const paper = openSync(`${this.printer}.txt`, "a"); // in the folder in which the worker was started
    this.state = "printing";
    await this.save();
    await Transaction.current.commit(); // before the first byte is sent; and the write lock is free while it prints

    writeSync(paper, `begin ${this.text}\n`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    writeSync(paper, `end ${this.text}\n`);
    fsyncSync(paper); // a power cut takes nothing back that is marked as printed
    closeSync(paper);

    this.state = "printed";
    await this.save();
  }
}
