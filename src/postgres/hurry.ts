/** A process that stops does not wait for a server that is away. */
import { clearTimeout, setTimeout } from "../clock.ts";
import { formatDuration } from "../values/duration.ts";
import { markOperational, TqError } from "../errors.ts";

/** A server that is well lets a process in, and signs it off, within so long. */
const HURRIED_MS = 2_000;

interface Hurried {
  /** The name of the database. */
  readonly name: string;
  /** Aborts when the process begins to stop. */
  readonly hurry?: AbortSignal;
}

/** The value of the promise. @throws TqError "busy" where the process stops, and waits for it for longer than HURRIED_MS */
export async function unlessHurried<T>(promise: Promise<T>, { name, hurry }: Hurried): Promise<T> {
  if (!hurry) return promise;
  const late = Promise.withResolvers<never>();
  let timer: Timer | null = null;
  const giveUp = () => {
    const words = `Cannot use ${name}: it has not answered within ${formatDuration(HURRIED_MS)}`;
    late.reject(markOperational(new TqError("busy", words)));
  };
  const begin = () => void (timer = setTimeout(giveUp, HURRIED_MS));
  if (hurry.aborted) begin();
  else hurry.addEventListener("abort", begin);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    hurry.removeEventListener("abort", begin);
    if (timer) clearTimeout(timer);
  }
}
