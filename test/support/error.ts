/** The error of something that must fail: a promise, or what a function does. */
export async function errorOf(
  work: Promise<unknown> | (() => unknown),
): Promise<Error & { code?: string }> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error("What was thrown is no error", { cause: error });
  }
  throw new Error("Nothing was thrown");
}

/** What it was refused with. */
export async function sentenceOf(work: () => unknown): Promise<string> {
  return (await errorOf(work)).message;
}
