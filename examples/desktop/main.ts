/**
 * A program with a worker of its own: each line that you type becomes a note and a task, and the program stays quick while
 * its thread works. Ctrl-D or Ctrl-C ends it; what has not run by then runs at the next start. In a copy of this folder:
 *
 *   tq init && tq run main.ts
 */
import { createInterface } from "node:readline";
import { startWorker, Transaction } from "tq";
import { Note } from "./models.ts";

const worker = await startWorker({
  models: "./models.ts", // the thread loads the file for itself: it shares no variables with this program
  threads: 1,
  exitWithParent: true,
});

async function add(text: string): Promise<void> {
  await Transaction.start({}, async () => {
    const [note] = await Note.create([{ text }]);
    if (note) await Note.__queue__.count(note);
  });
}

async function countWords(): Promise<number> {
  const notes = await Transaction.start({}, () => Note.search([["words", "!=", undefined]]));
  return notes.reduce((sum, { words = 0 }) => sum + words, 0);
}

const lines = createInterface({ input: process.stdin });
process.once("SIGINT", () => lines.close());
for await (const line of lines) if (line.trim() !== "") await add(line.trim());

await worker.stop(); // running tasks end first
console.log(`${await countWords()} words are counted`);
