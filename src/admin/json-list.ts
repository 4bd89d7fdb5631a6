/** Writes a JSON array page by page, as fast as its reader takes it: the whole may not fit into memory. */

/**
 * @param failed called with the error of a later page; the connection then ends without the end of the list.
 * @returns the text of a list of one page, a stream of a longer one.
 * @throws what the first two pages throw.
 */
export async function jsonList(
  pages: AsyncIterable<readonly unknown[]>,
  failed: (error: unknown) => void,
): Promise<string | ReadableStream<Uint8Array>> {
  const iterator = pages[Symbol.asyncIterator]();
  let text = "[";
  let separator = "";
  const add = (page: readonly unknown[]): void => {
    if (page.length === 0) return;
    text += separator + JSON.stringify(page).slice(1, -1);
    separator = ",";
  };
  const first = await iterator.next();
  if (first.done) return "[]";
  add(first.value);
  let next = await iterator.next();
  if (next.done) return `${text}]`;
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        if (next.done) text += "]";
        else add(next.value);
        controller.enqueue(encoder.encode(text));
        text = "";
        if (next.done) controller.close();
        else next = await iterator.next();
      } catch (error) {
        failed(error);
        controller.error(error);
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
