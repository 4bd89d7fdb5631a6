/**
 * The server's settings of each connection. They are sent as it opens, but for what a server or a pooler has refused: then
 * the next connection of this process goes without.
 */
import { sqlState } from "./server-error.ts";

/** The server ends a pause in a transaction that lasts this many ms longer than `worker.lock_timeout`: its worker hangs. */
const IDLE_GRACE_MS = 10_000;

/** A server before version 14 does not know it, and one on some systems cannot do it. */
const OPTIONAL = "client_connection_check_interval";

export interface TimeLimits {
  /** The longest wait for a lock, in ms. */
  readonly timeout: number;
  /** `worker.lock_timeout`: the longest time that a task may keep a transaction open, in ms; 0: no limit. */
  readonly lockTimeout: number;
}

interface Limits extends TimeLimits {
  readonly url: string;
}

function settingsOf({ timeout, lockTimeout }: TimeLimits): Record<string, string> {
  return {
    lock_timeout: String(timeout),
    idle_in_transaction_session_timeout: String(lockTimeout && lockTimeout + IDLE_GRACE_MS),
    tcp_keepalives_idle: "2",
    tcp_keepalives_interval: "1",
    tcp_keepalives_count: "2",
    [OPTIONAL]: "1000",
    default_transaction_isolation: "read committed",
    standard_conforming_strings: "on",
    timezone: "UTC",
    // The estimated cost of a claim grows with the queue: beyond some 600,000 tasks the server would compile each, for 35 ms.
    jit: "off",
    // How values look, and what they mean: that of a role or database would change times, names of types, and nulls of lists.
    array_nulls: "on",
    bytea_output: "hex",
    datestyle: "ISO, MDY",
    extra_float_digits: "1",
    intervalstyle: "postgres",
    quote_all_identifiers: "off",
    transform_null_equals: "off",
  };
}

/** The URLs of servers that refuse the optional setting. */
const simple = new Set<string>();

/** The URLs that lead to poolers which take no settings as a connection opens. */
const pooled = new Set<string>();

/** The settings that are sent as a connection opens. */
export function startupSettings(limits: Limits): Record<string, string> {
  return pooled.has(limits.url) ? {} : sent(limits);
}

function sent(limits: Limits): Record<string, string> {
  const { [OPTIONAL]: optional = "", ...settings } = settingsOf(limits);
  return simple.has(limits.url) ? settings : { ...settings, [OPTIONAL]: optional };
}

/**
 * The statements that make the settings once the connection is open; null: none are needed. A URL with prepare=false is
 * that of a pooler in transaction mode, where they would be those of other programs.
 */
export function laterSettings(limits: Limits): string | null {
  const { url } = limits;
  if (!pooled.has(url) || /[?&]prepare=false(?:&|$)/.test(url)) return null;
  const settings = Object.entries(sent(limits));
  return settings.map(([name, value]) => `SET ${name} = '${value}'`).join("; ");
}

/** Notes what a server or a pooler refuses: the next connection goes without. @returns false where it refused something else */
export function noteRefused(url: string, error: unknown): boolean {
  const state = sqlState(error) ?? "";
  const { message } = error as Error;
  if (state === "08P01" && /startup parameter/.test(message)) pooled.add(url);
  else if (/^(42704|22023)$/.test(state) && message.includes(OPTIONAL)) simple.add(url);
  else return false;
  return true;
}

/** True where a server does not know a setting that every connection needs. */
export function isOwnSetting(error: unknown): boolean {
  if (!/^(42704|22023)$/.test(sqlState(error) ?? "")) return false;
  const { message } = error as Error;
  return Object.keys(settingsOf({ timeout: 0, lockTimeout: 0 })).some((name) =>
    message.includes(`"${name}"`),
  );
}
