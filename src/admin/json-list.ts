/** A JSON array that is written page by page, as fast as its reader takes it: all of it may be more than the memory. */

/**
 * @returns the text of a list of one page; of a longer one a stream, in which an error of a later page ends the
 * connection.
 */
export async function jsonList(
  pages: AsyncIterable<readonly unknown[]>,
): Promise<string | ReadableStream<Uint8Array>> {
  const iterator = pages[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return "[]";
  let page = await iterator.next();
  if (page.done) return JSON.stringify(first.value);
  const encoder = new TextEncoder();
  let text = `[${items(first.value)}`;
  return new ReadableStream({
    async pull(controller) {
      controller.enqueue(encoder.encode(text));
      if (page.done) return controller.close();
      text = page.value.length === 0 ? "" : `,${items(page.value)}`;
      page = await iterator.next();
      if (page.done) text += "]";
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function items(page: readonly unknown[]): string {
  return JSON.stringify(page).slice(1, -1);
}
