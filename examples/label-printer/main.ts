/**
 * Two label printers, each of which prints one label at a time: a queue for each, and a worker with one thread for each
 * queue. In a copy of this folder:
 *
 *   tq init && tq run main.ts
 */
import { startWorker, Transaction } from "tq";
import { Label } from "./models.ts";

const PRINTERS = ["hall", "office"];

for (const printer of PRINTERS) {
  const values = [1, 2, 3].map((number) => ({ printer, text: `${printer} ${number}` }));
  await Transaction.start({ context: { queue_name: `printer-${printer}` } }, async () => {
    for (const label of await Label.create(values)) await Label.__queue__.print(label);
  });
}

// `drain` ends the worker when its queue is empty. A real program leaves it out, and calls `stop()` at its end.
const workers = await Promise.all(
  PRINTERS.map((printer) =>
    startWorker({
      models: "./models.ts",
      queues: [`printer-${printer}`],
      threads: 1,
      drain: true,
    }),
  ),
);
for (const { stopped } of workers) console.log((await stopped).finished);
