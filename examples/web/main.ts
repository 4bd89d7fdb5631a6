/**
 * A web server with a worker in the same program: each POST stores a picture and a task, and is answered at once. SIGTERM
 * or Ctrl-C stops the server first, then the worker. In a copy of this folder:
 *
 *   tq init && tq run main.ts
 *   curl -X POST http://127.0.0.1:3000/pictures/cat.png
 */
import { startWorker, Transaction } from "tq";
import { Picture } from "./models.ts";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env["PORT"] ?? 3000),
  routes: {
    "/pictures/:name": {
      async POST({ params: { name } }) {
        const [picture] = await Transaction.start({}, async () => {
          const made = await Picture.create([{ name }]);
          await Picture.__queue__.shrink(made);
          return made;
        });
        return Response.json({ id: picture?.id }, { status: 202 });
      },
    },
    "/pictures": async () => {
      const pictures = await Transaction.start({}, () => Picture.search([]));
      return Response.json(pictures.map(({ name, state }) => ({ name, state })));
    },
  },
});
// After the server: a second copy, whose port is taken, ends before it has begun a task.
const worker = await startWorker({ models: "./models.ts", threads: 1 });
console.log(`listens on ${server.url}`);

/** The server first: a request that it still answers pushes to the worker's database, and the worker runs it. */
async function stop(): Promise<void> {
  const cut = setTimeout(() => void server.stop(true), 5_000); // a stream that is open would hold it up for ever
  await server.stop(); // resolves when the requests under way are answered
  clearTimeout(cut);
  await worker.stop(); // running tasks end first; what has not begun runs at the next start
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stop());

try {
  await worker.stopped;
} catch (error) {
  console.error(error); // the worker has ended by itself: end too, so that the service manager starts both anew
  process.exit(1);
}
