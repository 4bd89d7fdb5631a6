/** Says of a task that keeps a transaction open on a server whether it waits there for another one: then that is to blame. */
import type { Report } from "../log/events.ts";
import { lockerWords } from "../store/locker-words.ts";
import type { Store } from "../store/store.ts";

/** @returns a report that asks the server about such a task before it names it */
export function tellingWaits(store: Pick<Store, "situation">, report: Report): Report {
  return (event) => {
    if (event.name !== "lock.held" || event.kept !== "rows") report(event);
    else {
      void waitWords(store, event.task).then((message) =>
        report(message === null ? event : { name: "log.note", level: "warn", message }),
      );
    }
  };
}

/** null: it waits for none that the server knows of. */
async function waitWords(store: Pick<Store, "situation">, id: number): Promise<string | null> {
  const situation = await store.situation({ id }).catch(() => null);
  const locker = situation?.locker ?? null;
  if (locker === null || locker.task === id) return null;
  return `task ${id} waits for a row that ${lockerWords(id, locker)}; tq why ${id} says how to end that`;
}
