/** A local HTTP server that receives webhooks. */
interface Received {
  readonly headers: Headers;
  readonly body: string;
  /** The body, read. */
  readonly event: { readonly type: string; readonly timestamp: string; readonly data: Json };
}

type Json = Readonly<Record<string, unknown>>;

/** @param answer for the request of this number, from 0. */
export function receive(answer: (number: number) => Response | Promise<Response>) {
  const received: Received[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const body = await request.text();
      const number = received.length;
      received.push({ headers: request.headers, body, event: JSON.parse(body) as never });
      return answer(number);
    },
  });
  const url = `http://127.0.0.1:${server.port}/hooks/hush?key=hush`;
  return { url, received, [Symbol.asyncDispose]: () => server.stop(true) };
}

export const ok = () => new Response(null, { status: 204 });
