/** Workers that are cut off from the server, while others are not. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { FENCE_MS, PATIENCE_MS, UNANSWERED_MS } from "../../src/postgres/life-times.ts";
import { WorkerLife } from "../../src/postgres/worker-life.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { PostgresThreadStore, PostgresWorkerStore } from "../../src/postgres/worker-store.ts";
import { MODELS } from "../integration/support/models.ts";
import type { Running } from "../integration/support/running.ts";
import { ROOT, Site } from "../integration/support/site.ts";
import { Proxy } from "../proof/postgres-proxy.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { OWNER, pushOne, UNWATCHED } from "../support/store.ts";
import { until } from "../support/until.ts";
import { cutLives } from "./lives.ts";
import { LIFE } from "./support.ts";

setDefaultTimeout(60_000);

function freePort(): number {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return listener.port;
}

const urlAt = (port: number) => `postgresql://tq@127.0.0.1:${port}/postgres`;

/** A server that is reached by a network. */
async function makeServer() {
  const port = freePort();
  const server = await startPostgres(["listen_addresses=127.0.0.1"], { port });
  return { port, [Symbol.asyncDispose]: () => server.stop() };
}

/** A worker behind a proxy. */
async function makeWorker(settings: Readonly<Record<string, string>> = {}) {
  const server = await makeServer();
  const proxy = new Proxy(server.port);
  const site = new Site();
  site.write("models.ts", MODELS);
  const env = { TQ_DATABASE: urlAt(proxy.port), ...settings };
  const worker = await site.worker(["-n", "1"], { env });
  return {
    proxy,
    worker,
    push: () => site.start(["push", "job", "linger", "7"], { env }).ended(),
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      proxy.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A worker that runs a task, behind a proxy. */
async function makeRunning() {
  const made = await makeWorker({ TQ_WORKER__GRACE: "60s" });
  await made.push();
  await made.worker.says("task.started");
  return made;
}

/** Its longest time to connect; a worker that stops does not wait for so long. */
const LONG = { TQ_DATABASE__TIMEOUT: "30s" };

/** It gives up three steps, each after 2 s, and machines are slow. */
const SOON_MS = 20_000;

/** How long a worker takes to stop, in ms. */
async function stopTime(worker: Running): Promise<number> {
  const began = performance.now();
  worker.kill("SIGTERM");
  expect(await worker.exited).toBe(0);
  return performance.now() - began;
}

needs("postgres").describe("a worker that is reached by a network", () => {
  test("stops soon, while it is idle, where its connections end and new ones are accepted and closed", async () => {
    await using made = await makeWorker(LONG);
    made.proxy.refuse();
    await made.worker.says("log.note");
    expect(await stopTime(made.worker)).toBeLessThan(SOON_MS);
  });

  test("stops soon, while it is idle, where nothing is answered any more", async () => {
    await using made = await makeWorker(LONG);
    void made.proxy.stall(60_000);
    expect(await stopTime(made.worker)).toBeLessThan(SOON_MS);
  });

  test("lets the program around it end, where nothing is answered any more", async () => {
    await using server = await makeServer();
    await using site = new Site();
    const proxy = new Proxy(server.port);
    site.write("models.ts", MODELS);
    site.write(
      "program.ts",
      `import { startWorker } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
       const asked = new Promise((resolve) => process.once("SIGTERM", resolve));
       const worker = await startWorker({ models: "models.ts", threads: 1 });
       await asked;
       await worker.stop();`,
    );
    const env = { TQ_DATABASE: urlAt(proxy.port), ...LONG };
    const program = site.spawn([process.execPath, "program.ts"], { env });
    await program.says("worker.started");
    void proxy.stall(60_000);
    expect(await stopTime(program)).toBeLessThan(SOON_MS);
    proxy.close();
  });

  test("is given up by the server before others may have its tasks, also where an answer is on its way", async () => {
    using folder = makeFolder();
    await using server = await makeServer();
    const url = urlAt(server.port);
    const store = new PostgresStore({ url, folder: folder.path });
    await store.ready();
    const options = {
      url,
      ...LIFE,
      learnTime: async () => {},
    };
    const life = new WorkerLife(options, { id: "w", pid: 1, threads: 1, queues: [] });
    await life.begin();
    const setting = await life.statements?.((db) => db.get("SHOW tcp_user_timeout"));
    expect(setting).toEqual({ tcp_user_timeout: String(UNANSWERED_MS) });
    await life.end();
    await store.close();
  });

  test("ends what it runs before others have it, where its connections end and new ones are refused", async () => {
    await using made = await makeRunning();
    const { proxy, worker } = made;
    const cut = performance.now();
    proxy.refuse();
    const messages = () => worker.log.map(({ message }) => message);
    const ending = "others may take this worker for dead; ended what a thread ran";
    await until(() => expect(messages()).toContainEqual(expect.stringContaining(ending)));
    expect(performance.now() - cut).toBeLessThan(PATIENCE_MS);
  });

  test("ends what it runs before others have it, also while it stops", async () => {
    await using made = await makeRunning();
    const { proxy, worker } = made;
    worker.kill("SIGTERM");
    await worker.says("worker.stopping");
    const cut = performance.now();
    void proxy.stall(60_000);
    const messages = () => worker.log.map(({ message }) => message);
    const ending = expect.stringMatching(/^This worker stops, though .*; ended what a thread ran$/);
    await until(() => expect(messages()).toContainEqual(ending));
    expect(performance.now() - cut).toBeLessThan(UNANSWERED_MS + PATIENCE_MS);
    expect(performance.now() - cut).toBeGreaterThan(FENCE_MS - 500); // an answer may just have come
  });
});

needs("postgres").describe("a thread of a worker that others may take for dead", () => {
  test("claims nothing until its worker is back", async () => {
    await using made = await makePostgres();
    const { url } = made.database;
    await pushOne(made.store);
    const store = new PostgresWorkerStore({ url, folder: "/" });
    const { part } = store.lend(1);
    const thread = new PostgresThreadStore(
      { url, folder: "/" },
      { thread: 1, part, locks: UNWATCHED },
    );
    const claim = () => thread.claim({ owner: OWNER, queues: [], limit: 1 });
    const claims: unknown[] = [];
    let isBack = false;
    await store.register({
      id: OWNER.worker,
      pid: process.pid,
      threads: 1,
      queues: [],
      missed: () => void claims.push(claim()),
      cameBack: () => (isBack = true),
    });
    await made.database.run("DELETE FROM tq.worker");
    await cutLives(made);
    await until(() => expect(isBack).toBe(true));
    expect(await Promise.all(claims)).toEqual([[]]);
    expect(await claim()).toHaveLength(1);
    await thread.close();
    await store.close();
  });
});
