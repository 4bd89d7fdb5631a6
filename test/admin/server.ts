/** An admin API on a socket, and requests that are written by hand. */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type ServeOptions, serveAdmin } from "../../src/admin/serve.ts";
import type { Clock } from "../../src/clock.ts";
import type { Event } from "../../src/log/events.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { makeFolder } from "../support/folder.ts";
import { TestedDatabase } from "../support/tested-store.ts";
import { CATALOG } from "./support.ts";

interface Given extends Partial<ServeOptions> {
  /** The clock of the store; default: the clock of the database. */
  readonly clock?: Clock;
}

export async function serve({ clock, ...options }: Given = {}) {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(makeFolder());
  const database = stack.use(new TestedDatabase(folder));
  const store = database.open(clock && { clock });
  const events: Event[] = [];
  const server = await serveAdmin({
    store,
    listen: "127.0.0.1:0",
    config: parseSettings({}, "test"),
    catalog: () => CATALOG,
    mode: "worker",
    version: "1.2.3",
    report: (event) => events.push(event),
    ...options,
  });
  stack.defer(() => server.stop());
  const token = readFileSync(server.tokenFile, "utf8").trim();
  const resources = stack.move();
  return {
    ...server,
    store,
    database,
    events,
    folder,
    port: Number(new URL(server.url).port),
    headers: { authorization: `Bearer ${token}` },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The status line of the answer to a request that is written by hand. */
export async function raw(port: number, request: string): Promise<string> {
  const answer = await firstAnswer(port, (socket) => socket.write(request));
  return answer.split("\r\n")[0] ?? "";
}

/** The answer to a request whose client reads nothing before it has sent all, as most do. */
export async function sendAll(port: number, head: string, body: Uint8Array): Promise<string> {
  return firstAnswer(port, (socket) => {
    socket.pause();
    socket.write(`${head}\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body, (error) => (error ? socket.destroy(error) : socket.resume()));
  });
}

/** The first bytes that the server sends; "closed" where it sends none. */
async function firstAnswer(port: number, send: (socket: Socket) => void): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => send(socket));
  socket.once("data", (data) => resolve(String(data)));
  socket.once("error", reject);
  socket.once("close", () => resolve("closed"));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
