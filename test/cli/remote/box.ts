/** The admin API of a box on loopback, and a folder of the office, from which tq works on it. */
import type { ServeOptions } from "../../../src/admin/serve.ts";
import { serve } from "../../admin/server.ts";
import { type Ended, Folder } from "../tq.ts";

export async function makeBox(options: Partial<ServeOptions> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await serve(options));
  const office = stack.use(new Folder());
  const flags = ["--url", server.url, "--token-file", server.tokenFile];
  const resources = stack.move();
  return {
    ...server,
    office,
    /** Runs a command of the office on the box. */
    tq: (...args: string[]): Promise<Ended> => office.tq(...flags, ...args),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
