/** A store of `--url` whose server answers as a test wants. */
import { Client } from "../../../cli/remote/client.ts";
import { RemoteStore } from "../../../cli/remote/store.ts";

export const TARGET = { name: "the box", socket: null, token: "t", tokenFile: "box.token" };

/** A store that asks a server on loopback, which answers each request so. */
export function asking(
  answer: (request: Request) => Response | Promise<Response>,
  timeout = 5_000,
) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  const base = `http://127.0.0.1:${server.port}`;
  const store = new RemoteStore(new Client({ ...TARGET, base }, timeout));
  return { store, base, [Symbol.asyncDispose]: () => server.stop(true) };
}

export async function failed(asking: Promise<unknown>): Promise<unknown> {
  try {
    return await asking;
  } catch (error) {
    return error;
  }
}
