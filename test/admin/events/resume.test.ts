import { expect, test } from "bun:test";
import { startHelper } from "../../support/process.ts";
import { newTask } from "../../support/store.ts";
import { serve } from "../server.ts";
import { StreamReader } from "../v1/stream.ts";

const TASKS = 300;

test("a client that comes back again and again is told each push once and each end, while two processes write", async () => {
  await using server = await serve();
  const { store, url, headers } = server;
  await using helper = startHelper(`
    const { openPlace } = await import("./test/support/open-place.ts");
    const store = openPlace(${JSON.stringify(server.database.place)});
    console.log("open");
    await line();
    const owner = { worker: "w", thread: 1 };
    for (let ended = 0; ended < ${TASKS};) {
      const [task] = await store.claim({ owner, queues: [], limit: 1 });
      if (!task) { await Bun.sleep(1); continue; }
      const outcome = { kind: "finished", result: null, reason: null };
      await store.write((session) => session.settle(task, outcome));
      ended += 1;
    }
    await store.close();`);
  await helper.line();
  const open = async (last: string) => {
    const response = await fetch(`${url}/api/v1/events`, {
      headers: { ...headers, ...(last !== "" && { "last-event-id": last }) },
    });
    return new StreamReader(response);
  };
  let stream = await open("");
  await stream.nextBlock();
  helper.send("go");
  const pushing = (async () => {
    for (let count = 0; count < TASKS; count++) await store.push([newTask()]);
  })();
  const pushed: number[] = [];
  const ended = new Set<number>();
  let taken = 0;
  while (pushed.length < TASKS || ended.size < TASKS) {
    const event = await stream.next();
    if (event === null || event.name === "skipped") throw new Error(`unexpected: ${event?.name}`);
    if (event.name === "task.pushed") pushed.push(Number(event.data.id));
    if (event.name === "task.ended") ended.add(Number(event.data.id));
    taken += 1;
    if (taken % 7 !== 0) continue;
    // In the middle of what was sent together, mostly.
    const { lastId } = stream;
    await stream[Symbol.asyncDispose]();
    stream = await open(lastId);
  }
  await pushing;
  await stream[Symbol.asyncDispose]();
  expect(pushed).toEqual(Array.from({ length: TASKS }, (_, index) => index + 1));
  expect(await helper.exited).toBe(0);
}, 60_000);
