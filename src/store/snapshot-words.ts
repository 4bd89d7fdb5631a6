/** The words for the one who holds an old snapshot of a server. */
import { quote } from "../quote.ts";
import { formatDuration, MINUTE_MS } from "../values/duration.ts";
import type { SnapshotHolder } from "./condition.ts";

/** A snapshot that is kept for longer keeps so much that claims become slower. */
const OLD_MS = 10 * MINUTE_MS;

interface SnapshotWords {
  readonly message: string;
  /** How to end it. */
  readonly advice: string;
}

/** null: it is not old. */
export function oldSnapshotWords(holder: SnapshotHolder): SnapshotWords | null {
  if (holder.age !== null && holder.age < OLD_MS) return null;
  const { message, advice } = holderWords(holder);
  const why = "what has ended since cannot be cleaned up, and claims become slower";
  return { message: `${message}: ${why}`, advice };
}

function lengthWords(age: number): string {
  return formatDuration(Math.max(Math.round(age / 1_000), 0) * 1_000);
}

function holderWords({ kind, name, program, role, age }: SnapshotHolder): SnapshotWords {
  const since = age === null ? "" : ` for ${lengthWords(age)}`;
  const who = [program, role === "" ? "" : `role ${role}`].filter((word) => word !== "").join(", ");
  if (kind === "session") {
    return {
      message: `pid ${name} of the server (${who}) has had a transaction open${since}`,
      advice: `end it in its program, or by SELECT pg_terminate_backend(${name})`,
    };
  }
  if (kind === "standby") {
    return {
      message: `A standby (pid ${name}, ${who}) asks the server to keep rows${since}`,
      advice: "end the long query there, or set hot_standby_feedback = off on the standby",
    };
  }
  if (kind === "prepared") {
    return {
      message: `A prepared transaction, ${quote(name)} (${who}), is open${since}`,
      advice: `end it: COMMIT PREPARED or ROLLBACK PREPARED ${literal(name)}`,
    };
  }
  return {
    message: `The replication slot ${quote(name)} keeps rows that its reader has not come to`,
    advice: `have its reader go on, or drop it: SELECT pg_drop_replication_slot(${literal(name)})`,
  };
}

/** As SQL. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
