/** Hostile clients and an admin API, in some seconds. */
import { connect, type Socket } from "node:net";

const SALE = { model: "job", method: "add", instances: 1 };
export const PUSH = JSON.stringify(SALE);
const MIB = 1024 * 1024;
const HUGE = new Uint8Array(20_000_000).fill(0x20);

export class HostileClient {
  readonly #port: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #open: Socket[] = [];

  constructor(port: number, token: string) {
    this.#port = port;
    this.#headers = { authorization: `Bearer ${token}` };
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#port}/api/v1`;
  }

  /** Pushes these bodies, some at a time. @returns the statuses. */
  async push(bodies: readonly string[], width = 16): Promise<number[]> {
    const left = bodies.entries();
    const statuses: number[] = [];
    const work = async () => {
      for (const [, body] of left) {
        const request = { method: "POST", headers: this.#headers, body };
        const response = await fetch(`${this.#url}/tasks`, request);
        await response.arrayBuffer();
        statuses.push(response.status);
      }
    };
    await Promise.all(Array.from({ length: width }, work));
    return [...new Set(statuses)];
  }

  pushSmall(): Promise<number[]> {
    return this.push(Array<string>(1_000).fill(PUSH), 64);
  }

  pushDeep(): Promise<number[]> {
    const deep = [100_000, MIB - 2].flatMap((depth) => [
      "[".repeat(depth),
      `{"args":${"[".repeat(depth / 2)}${"]".repeat(depth / 2 - 20)}`,
    ]);
    return this.push(Array<string[]>(4).fill(deep).flat());
  }

  /** Bodies of a megabyte each that are refused. */
  pushJunk(): Promise<number[]> {
    const keys = Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join(",");
    const junk = [
      `[${"{},".repeat(340_000)}{}]`,
      `[${"1,".repeat(500_000)}1]`,
      `[${"[],".repeat(340_000)}[]]`,
      `{${keys}}`,
      `"${"x".repeat(MIB - 2)}"`,
    ];
    return this.push(Array<string[]>(8).fill(junk).flat());
  }

  /** Bodies of a megabyte each: one task with a large argument, or very many. */
  async pushMuch(): Promise<number[]> {
    const large = JSON.stringify({ ...SALE, args: ["x".repeat(1_000_000)] });
    const many = `[${Array<string>(15_000).fill(PUSH).join(",")}]`;
    return [
      ...(await this.push(Array<string>(16).fill(large))),
      ...(await this.push(Array<string>(8).fill(many), 8)),
    ];
  }

  /** Sends 20 MB each, at once, in ways that a limit must notice. @returns the statuses. */
  async sendHuge(): Promise<string[]> {
    const head = (lines: string) =>
      `POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\n`;
    const token = `Authorization: ${this.#headers["authorization"]}\r\n`;
    const length = `Content-Length: ${HUGE.length}`;
    const chunked = `Transfer-Encoding: chunked\r\n\r\n${HUGE.length.toString(16)}`;
    const heads = [`${token}${length}\r\n\r\n`, `${length}\r\n\r\n`, `${token}${chunked}\r\n`];
    const all = heads.flatMap((lines) => Array<string>(12).fill(head(lines).slice(0, -4)));
    const statuses = await Promise.all(all.map((lines) => this.#sendAll(lines)));
    return [...new Set(statuses)].sort();
  }

  async #sendAll(head: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = connect(this.#port, "127.0.0.1", () => {
      socket.pause(); // it reads nothing before it has sent all
      socket.write(head);
      socket.write(HUGE, () => socket.resume());
    });
    socket.once("data", (data) => resolve(String(data).slice(9, 12)));
    socket.once("error", () => resolve("reset"));
    socket.once("close", () => resolve("closed"));
    const status = await promise;
    socket.destroy();
    return status;
  }

  /** Opens connections that send this and stay; resolves once each has sent it, or got its first bytes. */
  async hold(count: number, request: string, rest = "", isAnswered = false): Promise<void> {
    const head = `${request}\r\nHost: localhost\r\nAuthorization: ${this.#headers["authorization"]}\r\n\r\n${rest}`;
    for (let left = count; left > 0; left -= 100) {
      const some = Array.from({ length: Math.min(left, 100) }, () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const socket = connect(this.#port, "127.0.0.1");
        this.#open.push(socket);
        socket.on("error", () => resolve()); // it may be reset
        socket.write(head, () => isAnswered || resolve());
        if (isAnswered) socket.once("data", () => resolve());
        return promise;
      });
      await Promise.all(some);
    }
  }

  /** Connections that do not read what comes. */
  async holdUnread(count: number, path: string): Promise<void> {
    const before = this.#open.length;
    await this.hold(count, `GET ${path} HTTP/1.1`);
    for (const socket of this.#open.slice(before)) socket.pause();
  }

  /** Asks for all of these at once. @returns how many bytes came. */
  async read(paths: readonly string[]): Promise<number> {
    const sizes = await Promise.all(
      paths.map(async (path) => {
        const response = await fetch(`${this.#url}${path}`, { headers: this.#headers });
        let size = 0;
        for await (const chunk of response.body ?? []) size += chunk.length;
        return size;
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  leave(): void {
    for (const socket of this.#open.splice(0)) socket.destroy();
  }
}
