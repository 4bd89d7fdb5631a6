/** Retries an assertion until it holds. @throws its last error after `limit` ms. */
export async function until(assertion: () => unknown, limit = 5_000): Promise<void> {
  const end = performance.now() + limit;
  for (;;) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
