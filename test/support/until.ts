/** Retries an assertion until it holds. @throws its last error after `limit` ms. */
export async function until(assertion: () => unknown, limit = 20_000): Promise<void> {
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

/** Waits until `isTrue` returns true. It sleeps with Bun.sleep, which no test replaces. */
export async function untilTrue(isTrue: () => boolean, deadline = 30_000): Promise<void> {
  const end = performance.now() + deadline;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error("It did not happen in time");
    await Bun.sleep(1);
  }
}
