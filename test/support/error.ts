/** Returns the error of a promise or a function that must fail. */
export async function errorOf(
  work: Promise<unknown> | (() => unknown),
): Promise<Error & { code?: string; task?: unknown }> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error("The thrown value is not an Error", { cause: error });
  }
  throw new Error("It did not fail");
}

/** Returns the sentence of the refusal. */
export async function sentenceOf(work: () => unknown): Promise<string> {
  return (await errorOf(work)).message;
}
