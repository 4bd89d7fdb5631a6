/** Retries an assertion until it holds, or fails with its last error at the deadline. */
export async function until(assertion: () => unknown, deadline = 5_000): Promise<void> {
  const end = performance.now() + deadline;
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
