/** The sections `[[webhook]]` of tq.toml: where a worker posts what has become of tasks. No sentence has a URL or a secret. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import { ENDED_STATES } from "../task.ts";

const WEBHOOK_EVENTS = ENDED_STATES.map((state) => `task.${state}` as const);

type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export interface WebhookSettings {
  /** Names it in the database: its `name`, or a hash of its URL. */
  readonly target: string;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  /** Names and patterns; empty lists: all. */
  readonly queues: readonly string[];
  readonly tasks: readonly string[];
  readonly includesArgs: boolean;
  /** One of these two is there. */
  readonly secret: string | null;
  /** Absolute. */
  readonly secretFile: string | null;
}

const KEYS = ["url", "name", "events", "queues", "tasks", "include", "secret", "secret_file"];

/** Each is followed by a loop of its own. */
const MOST_WEBHOOKS = 100;

const LIST_ALLOWED = 'a list of names or patterns, such as ["mail", "pdf*"]';

const SECRET_ALLOWED =
  "whsec_ and 24 to 64 bytes in base64, or a text of 16 characters or more (openssl rand -base64 32 makes one)";

/**
 * @param sections what tq.toml has as `webhook`
 * @param where begins the sentence of an error.
 * @param base the folder that the path of a secret is relative to.
 * @param refuse called with each problem.
 */
export function readWebhookSections(
  sections: unknown,
  where: string,
  base: string,
  refuse: (problem: string) => void,
): WebhookSettings[] {
  if (!Array.isArray(sections)) {
    refuse(`${where}: webhook must be a list of sections: write [[webhook]], with two brackets`);
    return [];
  }
  if (sections.length > MOST_WEBHOOKS) {
    refuse(`${where}: there are ${sections.length} [[webhook]]; ${MOST_WEBHOOKS} is the most`);
    return [];
  }
  const seen = new Map<string, number>();
  return sections.flatMap((section: unknown, index) => {
    const at = `${where}: [[webhook]] ${index + 1}`;
    const webhook = new Section(section, at, base, refuse).read();
    if (webhook === null) return [];
    const twin = seen.get(webhook.target);
    if (twin !== undefined) {
      refuse(
        `${at} has the url or the name of [[webhook]] ${twin}; give each a name = "…" of its own`,
      );
    }
    seen.set(webhook.target, index + 1);
    return [webhook];
  });
}

class Section {
  readonly #given: Record<string, unknown>;
  readonly #base: string;
  readonly #refuse: (problem: string) => void;
  #isRefused = false;

  constructor(section: unknown, where: string, base: string, refuse: (problem: string) => void) {
    this.#base = base;
    this.#refuse = (problem) => {
      this.#isRefused = true;
      refuse(`${where} ${problem}`);
    };
    const isSection = typeof section === "object" && section !== null && !Array.isArray(section);
    this.#given = isSection ? (section as Record<string, unknown>) : {};
    if (!isSection) this.#refuse("must be a section with keys such as url and secret");
  }

  /** @returns null where something is wrong: each problem was told. */
  read(): WebhookSettings | null {
    if (this.#isRefused) return null;
    for (const key of Object.keys(this.#given)) {
      if (!KEYS.includes(key)) this.#refuse(`${key} is not a setting${didYouMean(key, KEYS)}`);
    }
    const url = this.#url();
    const name = this.#name();
    const webhook = {
      target: name ?? hashOf(url),
      url,
      events: this.#words("events", WEBHOOK_EVENTS, ["task.failed"]),
      queues: this.#list("queues"),
      tasks: this.#list("tasks"),
      includesArgs: this.#words("include", ["args"], []).length > 0,
      ...this.#secrets(),
    };
    return this.#isRefused ? null : webhook;
  }

  #url(): string {
    const { url } = this.#given;
    const { protocol = "" } = (typeof url === "string" && URL.parse(url)) || {};
    if (typeof url === "string" && /^https?:$/.test(protocol)) return url;
    const why = url === undefined ? "has no url" : "url cannot be this";
    this.#refuse(`${why}: it must be a URL that begins with "https://" or "http://"`);
    return "";
  }

  #name(): string | null {
    const { name } = this.#given;
    if (name === undefined) return null;
    if (typeof name === "string" && /^[\w.-]{1,64}$/.test(name)) return name;
    this.#refuse(
      `name cannot be ${quote(name)}: it must be up to 64 letters, digits, dots, dashes and underscores`,
    );
    return null;
  }

  #list(key: string): readonly string[] {
    const value = this.#given[key] ?? [];
    if (isTexts(value)) return value;
    this.#refuse(`${key} cannot be ${quote(value)}: it must be ${LIST_ALLOWED}`);
    return [];
  }

  #words<T extends string>(key: string, known: readonly T[], preset: readonly T[]): readonly T[] {
    const value = this.#given[key];
    if (value === undefined) return preset;
    const isKnown = (word: string): word is T => known.some((one) => one === word);
    const isFilled = isTexts(value) && (value.length > 0 || preset.length === 0);
    if (isFilled && value.every(isKnown)) return [...new Set(value)].sort();
    const allowed = known.map((word) => `"${word}"`).join(", ");
    const wrong = isTexts(value) ? value.find((word) => !isKnown(word)) : undefined;
    const hint = wrong === undefined ? "" : didYouMean(wrong, known);
    this.#refuse(
      `${key} cannot be ${quote(value)}: it must be a list with some of ${allowed}${hint}`,
    );
    return [];
  }

  #secrets(): Pick<WebhookSettings, "secret" | "secretFile"> {
    const { secret = null, secret_file: file = null } = this.#given;
    if ((secret === null) === (file === null)) {
      this.#refuse(`must have either secret or secret_file`);
    } else if (file !== null && (typeof file !== "string" || /^$|\0/.test(file))) {
      this.#refuse(`secret_file must be the path of a file`);
    } else if (file === null && (typeof secret !== "string" || secretBytes(secret) === null)) {
      this.#refuse(`secret cannot be this: it must be ${SECRET_ALLOWED}`);
    }
    return {
      secret: typeof secret === "string" ? secret : null,
      secretFile: typeof file === "string" ? resolve(this.#base, file) : null,
    };
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string" && one.trim() !== "");
}

function hashOf(url: string): string {
  return new Bun.CryptoHasher("sha256").update(url).digest("hex").slice(0, 16);
}

const PREFIX = "whsec_";

/** The bytes that sign; null for a text that is no secret. */
function secretBytes(secret: string): Uint8Array | null {
  if (!secret.startsWith(PREFIX)) return secret.length < 16 ? null : Buffer.from(secret);
  try {
    const bytes = Uint8Array.fromBase64(secret.slice(PREFIX.length));
    return bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
  } catch {
    return null;
  }
}

/**
 * Reads the file at each call, so that a new secret counts at once.
 *
 * @throws TqError "invalid" for a file that cannot be read, or has no secret.
 */
export function signingKey({ secret, secretFile }: WebhookSettings): Uint8Array {
  const bytes = secretBytes(secret ?? readSecret(secretFile ?? ""));
  if (bytes !== null) return bytes;
  throw new TqError("invalid", `Cannot sign: ${secretFile} must have ${SECRET_ALLOWED}`);
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    const why = String((cause as { readonly code?: unknown }).code ?? cause);
    const message = `Cannot sign: the secret_file ${path} cannot be read (${why})`;
    throw new TqError("invalid", message, { cause });
  }
}
