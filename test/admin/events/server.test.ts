import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { makeFolder } from "../../support/folder.ts";
import { needs } from "../../support/needs.ts";
import { TestedDatabase } from "../../support/tested-store.ts";
import { startHelper } from "../../support/process.ts";
import { newTask } from "../../support/store.ts";
import { serve } from "../server.ts";
import { StreamReader, words } from "../v1/stream.ts";

describe("streams of events of a server", () => {
  test("are ended when it stops, not cut off", async () => {
    const server = await serve();
    await using stack = new AsyncDisposableStack();
    stack.use(server);
    const response = await fetch(`${server.url}/api/v1/events`, { headers: server.headers });
    const stream = new StreamReader(response);
    await server.store.push([newTask()]);
    expect((await stream.take(1)).map(words)).toEqual(["task.pushed 1"]);
    await server.stop();
    expect(await stream.next()).toBeNull(); // a stream that the server cuts off is an error here
  });

  test("are told to a client that reads slowly in the end, and to the others at once", async () => {
    await using server = await serve();
    const slow = await openRaw(server.port, server.headers.authorization);
    slow.pause();
    const response = await fetch(`${server.url}/api/v1/events`, { headers: server.headers });
    await using quick = new StreamReader(response);
    for (let round = 0; round < 5; round++) {
      await server.store.push(Array.from({ length: 150 }, () => newTask()));
      await quick.take(150);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    let text = "";
    slow.on("data", (data) => {
      text += String(data);
      if (text.includes('"id":750,')) resolve();
    });
    slow.resume();
    await promise;
    slow.destroy();
  });
});

/** A client that has read the head of the answer. */
async function openRaw(port: number, authorization: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(
      `GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
  });
  let head = "";
  socket.on("data", function read(data) {
    head += String(data);
    if (!head.includes("\nid: ")) return;
    socket.off("data", read);
    resolve(socket);
  });
  socket.once("error", reject);
  return promise;
}

const MOST_STREAMS = 2_000;
const MOST_BYTES = 120 * 1024 * 1024;

needs("Linux").test(
  "2,000 open streams stay under 120 MB, are all told of a push, and those that go away leave their places",
  async () => {
    using folder = makeFolder();
    await using database = new TestedDatabase(folder.path);
    await using helper = startHelper(`
      const { serveAdmin } = await import("./src/admin/serve.ts");
      const { openPlace } = await import("./test/support/open-place.ts");
      const { digestOf } = await import("./src/admin/access/tokens.ts");
      const { newTask } = await import("./test/support/store.ts");
      const { parseSettings } = await import("./src/settings/config.ts");
      const store = openPlace(${JSON.stringify(database.place)}, {}, ${JSON.stringify(folder.path)});
      await store.tokens.add({ name: "other", roles: ["read"] }, digestOf("other"));
      const config = parseSettings({}, "test");
      const options = { store, config, listen: "127.0.0.1:0", catalog: () => ({}), mode: "worker", version: "1" };
      const server = await serveAdmin(options);
      console.log(new URL(server.url).port + " " + server.tokenFile);
      while ((await line()) === "push") {
        await store.push([newTask()]);
        console.log("pushed");
      }
      await server.stop();
      console.log("stopped");`);
    const [port = "", ...path] = (await helper.line()).split(" ");
    const authorization = `Bearer ${readFileSync(path.join(" "), "utf8").trim()}`;
    const open = (at: number) =>
      openRaw(Number(port), at % 2 === 0 ? authorization : "Bearer other"); // a token has half of the streams
    const sockets: Socket[] = [];
    const fill = async () => {
      while (sockets.length < MOST_STREAMS) {
        const some = Math.min(100, MOST_STREAMS - sockets.length);
        sockets.push(...(await Promise.all(Array.from({ length: some }, (_, at) => open(at)))));
      }
    };
    await fill();
    await Promise.all([...sockets.map(heardOfPush), push(helper)]);
    expect(peakBytes(helper.pid)).toBeLessThan(MOST_BYTES);
    for (const socket of sockets.splice(0, 1_500)) socket.destroy();
    await fill(); // 2,048 are allowed: those that went away do not count
    await Promise.all([...sockets.map(heardOfPush), push(helper)]);
    expect(peakBytes(helper.pid)).toBeLessThan(MOST_BYTES);
    helper.send("stop");
    expect(await helper.line()).toBe("stopped");
    for (const socket of sockets) socket.destroy();
  },
  60_000,
);

async function push(helper: ReturnType<typeof startHelper>): Promise<void> {
  helper.send("push");
  expect(await helper.line()).toBe("pushed");
}

function heardOfPush(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let text = "";
  socket.on("data", (data) => {
    text += String(data);
    if (text.includes("event: task.pushed")) resolve();
  });
  socket.once("close", () => reject(new Error("the stream has ended")));
  return promise;
}

/** The most memory that a process has had. */
function peakBytes(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
