/** Requests that are written byte by byte, as no client sends them that means well. */
import { connect } from "node:net";

export interface RawOptions {
  /** The client sends no more after the request. */
  readonly isHalf?: boolean;
}

/** The statuses of what came back, in their order; "closed" where the connection ended without one. */
export async function statusesOf(
  port: number,
  request: string | Uint8Array,
  options: RawOptions = {},
): Promise<string> {
  const text = await answerTo(port, request, options);
  const statuses = Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status);
  return statuses.join(" ") || "closed";
}

/** The bytes that came back until the first answer was whole; of a stream its head. A text is sent as Latin-1. */
export async function answerTo(
  port: number,
  request: string | Uint8Array,
  { isHalf = false }: RawOptions = {},
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(typeof request === "string" ? Buffer.from(request, "latin1") : request);
    if (isHalf) socket.end();
  });
  let text = "";
  socket.on("data", (data) => {
    text += data.toString("latin1");
    if (isWhole(text)) resolve();
  });
  socket.once("error", () => resolve()); // it may be reset
  socket.once("close", () => resolve());
  await promise;
  socket.destroy();
  return text;
}

/** True once the first answer has come with its body: 100 is none. */
function isWhole(text: string): boolean {
  const answer = text.replace(/^HTTP\/1\.1 100 [^]*?\r\n\r\n/, "");
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const [, length = "0"] = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, end)) ?? [];
  return answer.length >= end + 4 + Number(length);
}
