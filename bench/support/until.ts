/** Calls `look` every `interval` ms until it returns a value. @throws Error after `limit` ms. */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | Promise<T | null | undefined>,
  { interval = 2, limit = 60_000 } = {},
): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const value = await look();
    if (value !== null && value !== undefined) return value;
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}, for ${limit} ms`);
    await Bun.sleep(interval);
  }
}
