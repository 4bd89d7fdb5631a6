/** A proxy before a PostgreSQL server, which does to connections what a network does. */
import type { Socket, TCPSocketListener } from "bun";

interface Side {
  other: Socket<Side> | null;
  readonly isClient: boolean;
  /** What the other side has not taken yet. */
  waiting: Uint8Array[];
}

export class Proxy {
  readonly #sockets = new Set<Socket<Side>>();
  readonly #listener: TCPSocketListener<Side>;
  readonly #server: { readonly hostname: string; readonly port: number };
  /** Nothing passes, in both directions. */
  #isStalled = false;
  /** What the server answers is lost. */
  #losesAnswers = false;

  constructor(port: number) {
    this.#server = { hostname: "127.0.0.1", port };
    this.#listener = Bun.listen<Side>({
      hostname: "127.0.0.1",
      port: 0,
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

  async #connect(client: Socket<Side>): Promise<void> {
    client.data = { other: null, isClient: true, waiting: [] };
    this.#sockets.add(client);
    try {
      const server = await Bun.connect<Side>({
        ...this.#server,
        data: { other: client, isClient: false, waiting: [] },
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
    else {
      other.data.waiting.push(Uint8Array.from(bytes));
      this.#flush(other);
    }
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
    if (other && this.#sockets.delete(other)) other.end();
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
