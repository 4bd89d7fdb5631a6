/** The recurring tasks of the tq that `--url` names. Commands on a database of this machine start without it. */
import type { Remote } from "../command/program.ts";
import type { RemoteRecurring } from "../remote/recurring.ts";

export async function recurringOf(remote: Remote): Promise<RemoteRecurring> {
  const { openRemote } = await import("../remote/open.ts");
  return openRemote(remote).recurring;
}
