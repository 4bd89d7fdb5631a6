/** Writes a JSON array page by page, as fast as its reader takes it: the whole may not fit into memory. */
import { leaveGarbage } from "./garbage.ts";

/** The rows, the values and the texts of a page. */
const GARBAGE_TIMES = 4;

const encoder = new TextEncoder();

/**
 * @param failed called with the error of a later page; the connection then ends without the end of the list.
 * @param ended called once the list is written, or its reader has gone away.
 * @returns the text of a list of one page, a stream of a longer one.
 * @throws what the first two pages throw that are not empty.
 */
export async function jsonList(
  pages: AsyncIterable<readonly unknown[]>,
  failed: (error: unknown) => void,
  ended: () => void = () => {},
): Promise<string | ReadableStream<Uint8Array>> {
  const texts = textsOf(pages);
  const first = (await texts.next()).value ?? "[";
  const second = await texts.next();
  if (second.done === true) {
    ended();
    return `${first}]`;
  }
  const chunks = chunksOf(first + second.value, texts);
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done !== true) return controller.enqueue(value);
          ended();
          controller.close();
        } catch (error) {
          ended();
          failed(error);
          controller.error(error);
        }
      },
      async cancel() {
        ended();
        await chunks.return();
        await texts.return(); // where no chunk was read yet
      },
    },
    { highWaterMark: 0 }, // nothing is read ahead
  );
}

/** The parts of the text, each with the sign that stands before it. */
async function* textsOf(pages: AsyncIterable<readonly unknown[]>): AsyncGenerator<string, void> {
  let before = "[";
  for await (const page of pages) {
    if (page.length === 0) continue;
    const text = before + JSON.stringify(page).slice(1, -1);
    before = ",";
    leaveGarbage(text.length * GARBAGE_TIMES);
    yield text;
  }
}

async function* chunksOf(
  start: string,
  texts: AsyncIterable<string>,
): AsyncGenerator<Uint8Array, void> {
  yield encoder.encode(start);
  for await (const text of texts) yield encoder.encode(text);
  yield encoder.encode("]");
}
