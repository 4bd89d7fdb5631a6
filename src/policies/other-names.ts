/** The names that other queues give to policies and to options of a push, for the hint at a name that there is not. */
import { didYouMean } from "../suggest.ts";

interface OtherNames {
  /** Our name. */
  readonly say: string;
  /** A remark on it, where there is one. */
  readonly note?: string;
  /** The names elsewhere, in small letters and without `_`. */
  readonly for: readonly string[];
}

const COUNTS_RETRIES: OtherNames = {
  say: "attempts",
  note: ", which counts the first run too",
  for: words("retries retry maxretries maxretry retrylimit retrycount numretries"),
};

/** Where two fit, the first of them that can be said counts. */
const OTHER_NAMES: readonly OtherNames[] = [
  COUNTS_RETRIES,
  { say: "attempts", for: words("maxattempts maximumattempts attempt tries maxtries") },
  {
    say: "backoff",
    note: ", the wait before each further attempt",
    for: words(
      "retrydelay retrydelaymax defaultretrydelay retrybackoff retrybackoffmax retryjitter retryin retrywait backoffdelay",
    ),
  },
  {
    say: "timeout",
    note: ", the longest time of one run",
    for: words(
      "timelimit softtimelimit timeoutms timeoutseconds jobtimeout executiontimeout maxruntime expirein expireinseconds",
    ),
  },
  {
    say: "expires",
    note: ", the longest wait for the first run",
    for: words("ttl expiresin expiresat maxage"),
  },
  { say: "expiresAt", note: ", for the first run", for: words("ttl expires expiresin maxage") },
  { say: "retryOn", for: words("autoretryfor retryfor retryif retryexceptions") },
  { say: "failOn", for: words("dontautoretryfor discardon noretryon giveupon throws") },
  {
    say: "scheduledAt",
    note: ", the time of the first run",
    for: words("delay countdown eta startafter runat performin performat schedulein waituntil"),
  },
  { say: "queue", for: words("queuename") },
  { say: "ref", for: words("jobid taskid singletonkey deduplicationid") },
];

/** Names of options of a push: no policy says them. */
const OF_A_PUSH = ["scheduledAt", "queue", "ref", "priority"];

/**
 * The end of the sentence about a name that there is not: our name for what another queue calls so, else the near one.
 *
 * @param known the names that there are.
 * @param written how one of ours is written there; null: it cannot be said there.
 */
export function nameHint(
  given: string,
  known: Iterable<string>,
  value?: unknown,
  written: (name: string) => string | null = (name) => name,
): string {
  const names = [...known];
  const bare = bareOf(given);
  for (const row of OTHER_NAMES) {
    const name = written(row.say);
    if (name === null || !names.includes(name) || !row.for.includes(bare)) continue;
    return `; say ${name}${row.note ?? ""}${row === COUNTS_RETRIES ? countWords(value) : ""}`;
  }
  return didYouMean(given, names);
}

/** The same for a policy; a push says what another queue may say of all tasks of a kind. */
export function policyHint(
  given: string,
  known: Iterable<string>,
  value: unknown,
  written: (name: string) => string | null,
): string {
  const bare = bareOf(given);
  const said = nameHint(given, known, value, written);
  if (said !== "") return said;
  const isOf = (name: string) =>
    name.toLowerCase() === bare ||
    OTHER_NAMES.some((row) => row.say === name && row.for.includes(bare));
  const name = OF_A_PUSH.find(isOf);
  const backoff = bare === "delay" ? "; the wait between attempts is backoff" : "";
  return name === undefined ? "" : `; each push says it, as ${name}${backoff}`;
}

function countWords(value: unknown): string {
  const retries = typeof value === "string" && value !== "" ? Number(value) : value;
  const isCount = typeof retries === "number" && Number.isSafeInteger(retries) && retries >= 0;
  if (!isCount) return "";
  return `: ${retries + 1} for ${retries} ${retries === 1 ? "retry" : "retries"}`;
}

function bareOf(name: string): string {
  return name.toLowerCase().replace(/^-+|[_-]/g, "");
}

function words(text: string): readonly string[] {
  return text.split(" ");
}
