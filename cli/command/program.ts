/** The tools of every command: its common flags, the settings, the output, and the database. */
import { systemClock } from "../../src/clock.ts";
import { loadConfig, parseSettings } from "../../src/settings/config.ts";
import type { Config } from "../../src/settings/config.ts";
import { standingFolder } from "../../src/settings/standing-folder.ts";
import { brokenLinkWords } from "../../src/broken-link.ts";
import { TqError } from "../../src/errors.ts";
import type { Report } from "../../src/log/events.ts";
import type { Log } from "../../src/log/log.ts";
import { standardLog } from "../../src/transaction/runtime.ts";
import { openReporting } from "../../src/new-queue.ts";
import {
  databaseExists,
  openExistingStore,
  openStore,
  openStoreToLook,
} from "../../src/open-store.ts";
import type { SettingKey } from "../../src/settings/table.ts";
import { shownStore } from "../../src/store/shown/shown-store.ts";
import type { Store } from "../../src/store/store.ts";
import { explain } from "./explain.ts";
import type { COMMON_FLAGS, Flags, Values } from "./flags.ts";
import { WITH_URL } from "./with-url.ts";
import { CountLine } from "../terminal/count-line.ts";
import { setTimeZone } from "./time-zone.ts";
import { isConsent } from "../terminal/ask.ts";
import { note, print, outputTerminal } from "../terminal/terminal.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printableJson, printableSentence } from "../../src/printable.ts";

/** The tq on another machine that `--url` names, as the user has given it. */
export interface Remote {
  readonly url: string;
  readonly tokenFile: string | undefined;
  /** True: the token may travel unencrypted. */
  readonly insecure: boolean;
}

/** The settings of a command that also works over HTTP; where it does, no file says them. */
export interface AnyConfig extends Config {
  readonly remote?: Remote;
}

export class Program {
  /** The words of the command: `cron list`. */
  readonly name: string;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly #file: string | undefined;
  readonly #remote: Remote | null;
  #log: Log | undefined;
  readonly #settings: Partial<Record<SettingKey, string>> = {};
  /** For settings that a flag of another name sets, that flag: the origin of `log.level` is `--verbose`. */
  readonly #origins: Partial<Record<SettingKey, string>> = {};

  constructor(values: Values<typeof COMMON_FLAGS>, flags: Flags, name: string) {
    this.name = name;
    this.json = values.json === true;
    this.verbose = values.verbose === true;
    this.quiet = values.quiet === true;
    if (this.verbose && this.quiet) {
      throw new TqError("invalid", "Cannot use --verbose and --quiet together: leave one out");
    }
    const unknownZone = setTimeZone();
    if (unknownZone !== null) this.note(unknownZone);
    this.#file = values.config;
    this.#remote = remoteOf(values, process.env);
    if (values.url !== undefined && !WITH_URL.includes(name)) throw hereAlone(name);
    for (const [name, { setting }] of Object.entries(flags)) {
      const value: unknown = Reflect.get(values, name);
      if (setting !== undefined && typeof value === "string") this.#settings[setting] = value;
    }
    if (this.verbose) this.#set("log.level", "debug", "--verbose");
    if (this.quiet) this.#set("log.level", "error", "--quiet");
    if (this.json) this.#set("log.format", "json", "--json");
  }

  get terminal(): Terminal {
    return outputTerminal();
  }

  /**
   * The settings of a command that works on a database of this machine.
   *
   * @throws TqError `invalid` that lists every wrong setting, and with `--url`
   */
  config(): Config {
    if (this.#remote !== null) throw hereAlone(this.name);
    const sources = { cwd: standingFolder(), env: process.env };
    const config = loadConfig({ ...sources, file: this.#file, flags: this.#settings });
    return { ...config, origins: { ...config.origins, ...this.#origins } };
  }

  /**
   * The settings of a command that also works with `--url`.
   *
   * @throws as `config`
   */
  anyConfig(): AnyConfig {
    if (!WITH_URL.includes(this.name)) throw new Error(`${this.name} is not in WITH_URL`);
    if (this.#remote === null) return this.config();
    // The other machine says what its settings are.
    const config = parseSettings({ queue: { worker: true } }, "--url");
    return { ...config, models: null, remote: this.#remote };
  }

  #set(key: SettingKey, value: string, flag: string): void {
    this.#settings[key] = value;
    this.#origins[key] = flag;
  }

  /** The log, on standard error; made at the first call, and the same one at each. */
  report(config: Config): Log {
    if (this.#log === undefined) {
      this.#log = standardLog(config);
      process.once("exit", this.#log.flush);
    }
    return this.#log;
  }

  /** Prints the answer on standard output: the data with --json, else the text. */
  answer(data: unknown, text: () => string): void {
    print(this.json ? printableJson(data, 2) : text());
  }

  /** Prints a refusal as `main` prints the error that ends a command, and lets the command go on. */
  refuse(error: TqError): void {
    note(explain(error, this).text);
  }

  /** Says how far a long look is, from now on; nothing with --quiet or --json. */
  countLine(): CountLine {
    const elapsed = () => systemClock.monotonic();
    return new CountLine({ quiet: this.quiet || this.json, elapsed });
  }

  /** Prints a note on standard error, unless --quiet. */
  note(sentence: string): void {
    if (!this.quiet) this.#note(sentence);
  }

  /** Asks on standard error, with --quiet too. */
  ask(question: string): boolean {
    this.#note(`${question} Type y to go on`);
    return isConsent();
  }

  #note(sentence: string): void {
    note(this.json ? printableJson({ note: sentence }) : `tq: ${printableSentence(sentence)}`);
  }
}

/** @param name of a command that is not among `WITH_URL`. */
function hereAlone(name: string): TqError {
  const why = "works on this machine alone: leave out --url, and unset TQ_URL; or run it there";
  return new TqError("invalid", `tq ${name} ${why}`);
}

/** Opens the database while `fn` runs; creates it when it does not exist. */
export async function withStore<T>(
  config: Config,
  fn: (store: Store) => Promise<T>,
  open: typeof openStore = openStore,
  report: Report = reportTo(config),
): Promise<T> {
  const store = openReporting(config, report, (migrated) => open(config, migrated));
  try {
    return await fn(store);
  } finally {
    await store.close();
  }
}

/** Without a log, which few commands need, until there is something to say. */
function reportTo(config: Config): Report {
  return (event) => {
    const log = standardLog(config);
    log(event);
    log.flush();
  };
}

/** Opens the database while `fn` runs, for commands that write nothing: their user may have no right to. */
export async function toLook<T>(config: AnyConfig, fn: (store: Store) => Promise<T>): Promise<T> {
  return withExisting(config, fn, openStoreToLook);
}

/**
 * Opens the database while `fn` runs, for commands that must not create one, nor its tables. They show tasks without their
 * secrets.
 */
export async function withExisting<T>(
  config: AnyConfig,
  fn: (store: Store) => Promise<T>,
  open: typeof openStore = openExistingStore,
): Promise<T> {
  if (config.remote !== undefined) return withRemote(config.remote, fn);
  if (!databaseExists(config)) throw noDatabase(config);
  return withStore(config, (store) => fn(shownStore(store, config.admin.redact)), open);
}

async function withRemote<T>(remote: Remote, fn: (store: Store) => Promise<T>): Promise<T> {
  const { openRemote } = await import("../remote/open.ts");
  return fn(openRemote(remote).asStore());
}

/** A flag for the database of this machine is stronger than the environment. */
function remoteOf(values: Values<typeof COMMON_FLAGS>, env: typeof process.env): Remote | null {
  const url = values.url ?? (values.database === undefined ? env["TQ_URL"] : undefined);
  const tokenFile = values["token-file"] ?? (env["TQ_TOKEN_FILE"] || undefined);
  const insecure = values["insecure-url"] === true;
  if (!url) {
    if (values.url === undefined && values["token-file"] === undefined && !insecure) return null;
    throw new TqError("invalid", "--token-file and --insecure-url are for --url: give that too");
  }
  const local = (["database", "models", "config"] as const).find((name) => values[name]);
  if (local === undefined) return { url, tokenFile, insecure };
  const why = `--${local} is about this machine, and ${values.url === undefined ? "TQ_URL" : "--url"} about another one`;
  throw new TqError("invalid", `Cannot use both: ${why}; leave one out`);
}

export function noDatabase({ database }: Config): TqError {
  const broken = brokenLinkWords(database.path);
  if (broken !== null) return new TqError("not_found", `There is no database: ${broken}`);
  return new TqError(
    "not_found",
    `There is no database ${database.path}: tq push and tq worker create it, and --database names another`,
  );
}
