/** A proxy before a PostgreSQL server, which does to connections what a network does. */
import type { Socket, TCPSocketListener } from "bun";

interface Side {
  other: Socket<Side> | null;
  readonly isClient: boolean;
  /** What the other side has not taken yet. */
  waiting: Uint8Array[];
  /** What is still on its way to this side, in order. */
  readonly onTheWay: { readonly bytes: Uint8Array; readonly at: number }[];
  /** It is to be ended once that has arrived. */
  isEnding: boolean;
}

interface ProxyOptions {
  /** The server; default: this machine. */
  readonly server?: string;
  /** Where the proxy listens; default: a free port. */
  readonly port?: number;
  /** How long bytes are on their way to the server, in whole ms: timers know no shorter time. */
  readonly there?: number;
  /** The same of answers. */
  readonly back?: number;
}

export class Proxy {
  readonly #sockets = new Set<Socket<Side>>();
  readonly #listener: TCPSocketListener<Side>;
  #server: { readonly hostname: string; readonly port: number };
  /** Nothing passes, in both directions. */
  #isStalled = false;
  #isRefusing = false;
  /** What the server answers is lost. */
  #losesAnswers = false;

  readonly #there: number;
  readonly #back: number;

  constructor(serverPort: number, options: ProxyOptions = {}) {
    const { server = "127.0.0.1", port = 0, there = 0, back = 0 } = options;
    this.#server = { hostname: server, port: serverPort };
    this.#there = there;
    this.#back = back;
    this.#listener = Bun.listen<Side>({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (client) => void this.#connect(client),
        data: (client, bytes) => this.#pass(client, bytes),
        drain: (client) => this.#flush(client),
        close: (client) => this.#end(client),
        error: (client) => this.#end(client),
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Leads to another server from now on; what is connected to the last one ends. */
  moveTo(port: number): void {
    this.#server = { ...this.#server, port };
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
  }

  /** Ends all connections, and takes no new ones, as a server does that has none left. */
  refuse(): void {
    this.#isRefusing = true;
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
  }

  async #connect(client: Socket<Side>): Promise<void> {
    if (this.#isRefusing) return void client.end();
    client.data = sideOf(null, true);
    this.#sockets.add(client);
    try {
      const server = await Bun.connect<Side>({
        ...this.#server,
        data: sideOf(client, false),
        socket: {
          data: (socket, bytes) => this.#pass(socket, bytes),
          drain: (socket) => this.#flush(socket),
          close: (socket) => this.#end(socket),
          error: (socket) => this.#end(socket),
        },
      });
      this.#sockets.add(server);
      client.data.other = server;
      const early = client.data.waiting;
      client.data.waiting = [];
      for (const bytes of early) this.#pass(client, bytes);
    } catch {
      client.end();
    }
  }

  #pass(from: Socket<Side>, bytes: Uint8Array): void {
    const { other, isClient } = from.data;
    if (other === null) from.data.waiting.push(Uint8Array.from(bytes));
    else if (!isClient && this.#losesAnswers) return;
    else this.#deliver(other, Uint8Array.from(bytes), isClient ? this.#there : this.#back);
  }

  #deliver(to: Socket<Side>, bytes: Uint8Array, delay: number): void {
    if (delay === 0) {
      to.data.waiting.push(bytes);
      this.#flush(to);
      return;
    }
    to.data.onTheWay.push({ bytes, at: performance.now() + delay });
    if (to.data.onTheWay.length === 1) setTimeout(() => this.#arrive(to), delay);
  }

  /** Hands over what has been on its way for long enough, and comes again for the rest. */
  #arrive(to: Socket<Side>): void {
    const { onTheWay, waiting } = to.data;
    const now = performance.now();
    const later = onTheWay.findIndex(({ at }) => at > now + 0.5);
    const arrived = onTheWay.splice(0, later === -1 ? onTheWay.length : later);
    waiting.push(...arrived.map(({ bytes }) => bytes));
    this.#flush(to);
    const [next] = onTheWay;
    if (next) setTimeout(() => this.#arrive(to), Math.round(next.at - now));
    else if (to.data.isEnding) to.end();
  }

  /** Writes to this socket what waits for it. */
  #flush(to: Socket<Side>): void {
    if (this.#isStalled) return;
    const { waiting } = to.data;
    for (let bytes = waiting[0]; bytes; bytes = waiting[0]) {
      const written = to.write(bytes);
      if (written < bytes.length) {
        waiting[0] = bytes.subarray(Math.max(written, 0));
        return;
      }
      waiting.shift();
    }
  }

  #end(socket: Socket<Side>): void {
    this.#sockets.delete(socket);
    const { other } = socket.data ?? {};
    if (!other || !this.#sockets.delete(other)) return;
    if (other.data.onTheWay.length > 0) other.data.isEnding = true;
    else other.end();
  }

  /** Nothing passes for so long, and all of it afterwards. */
  async stall(ms: number): Promise<void> {
    this.#isStalled = true;
    await Bun.sleep(ms);
    this.#isStalled = false;
    for (const socket of this.#sockets) if (socket.data.other !== null) this.#flush(socket);
  }

  /** The answers of so long are lost, and then the connections. */
  async loseAnswers(ms: number): Promise<void> {
    this.#losesAnswers = true;
    await Bun.sleep(ms);
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
    this.#losesAnswers = false;
  }

  close(): void {
    this.#listener.stop(true);
    for (const socket of this.#sockets) socket.terminate();
  }
}

function sideOf(other: Socket<Side> | null, isClient: boolean): Side {
  return { other, isClient, waiting: [], onTheWay: [], isEnding: false };
}

// A proxy of its own process: postgres-proxy.ts SERVER SERVER_PORT PORT THERE BACK
if (import.meta.main) {
  const [server = "", serverPort = "", port = "", there = "", back = ""] = process.argv.slice(2);
  const delays = { there: Number(there), back: Number(back) };
  void new Proxy(Number(serverPort), { server, port: Number(port), ...delays });
}
