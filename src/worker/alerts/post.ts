/** Posts an alert, or a webhook, to a URL. The log names the URL without its secrets. */
import { sleepUnless } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { shownUrl } from "../../settings/kinds.ts";
import { formatDuration, SECOND_MS } from "../../values/duration.ts";
import { VERSION } from "../../version.ts";
import type { AlertMessage } from "./message.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** One try may take this long. */
const TRY_MS = 10 * SECOND_MS;

/** The pauses before further tries. */
const PAUSES_MS = [SECOND_MS, 3 * SECOND_MS];

/** The log has the beginning of an answer that refuses. */
const ANSWER_CHARACTERS = 200;

export interface PostOptions {
  readonly url: string;
  /** ms. */
  readonly limit?: number;
  /** ms. */
  readonly pauses?: readonly number[];
}

/** @returns why it failed; null: it has not. Never throws. */
export async function post(
  { url, limit = TRY_MS, pauses = PAUSES_MS }: PostOptions,
  message: AlertMessage,
  signal: AbortSignal,
): Promise<string | null> {
  for (let tries = 0; ; tries++) {
    const { why, isFinal } = await postOnce({ url, limit, body: message.json }, signal);
    if (why === null) return null;
    const pause = pauses[tries];
    if (signal.aborted) return "it was given up, as its worker stops";
    if (isFinal || pause === undefined) return why;
    await sleepUnless(signal, pause);
  }
}

interface Tried {
  readonly why: string | null;
  /** null: there was no answer. */
  readonly status: number | null;
  /** True where another try would have the same answer. */
  readonly isFinal: boolean;
}

export interface PostRequest {
  /** It may hold secrets. */
  readonly url: string;
  /** ms. */
  readonly limit: number;
  /** JSON. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Posts once. Never throws. */
export async function postOnce(
  { url, limit, body, headers: more = {} }: PostRequest,
  signal?: AbortSignal,
): Promise<Tried> {
  const late = AbortSignal.timeout(limit);
  try {
    const { target, headers } = split(url);
    const response = await fetch(target, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": `tq/${VERSION}`,
        ...headers,
        ...more,
      },
      body,
      redirect: "manual", // a redirected POST becomes a GET that tells nothing
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    const { status } = response;
    if (response.ok) {
      await response.body?.cancel();
      return { why: null, status, isFinal: true };
    }
    const why = `${shownUrl(url)} answered ${status}${await beginning(response, url)}`;
    return { why, status, isFinal: status < 500 && status !== 408 && status !== 429 };
  } catch (error) {
    const words = late.aborted
      ? `it did not answer within ${formatDuration(limit)}`
      : withoutSecrets(unreachable(error), url);
    return { why: `${shownUrl(url)} cannot be reached: ${words}`, status: null, isFinal: false };
  }
}

/** A user and a password in the URL go into a header. */
function split(text: string): { target: string; headers: Record<string, string> } {
  const url = new URL(text);
  const { username, password } = url;
  if (username === "" && password === "") return { target: text, headers: {} };
  url.username = url.password = "";
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { target: url.href, headers: { authorization: `Basic ${Buffer.from(plain).toBase64()}` } };
}

async function beginning(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let [read, isCut] = ["", true];
  while (read.length < 4 * ANSWER_CHARACTERS && isCut) {
    const part = await reader?.read();
    read += decoder.decode(part?.value, { stream: true });
    isCut = part?.done === false;
  }
  isCut ||= read.length > 4 * ANSWER_CHARACTERS;
  await reader?.cancel();
  const text = withoutSecrets(read.slice(0, 4 * ANSWER_CHARACTERS).trim(), url, isCut);
  return text === "" ? "" : `: ${text.slice(0, ANSWER_CHARACTERS).toWellFormed()}`;
}

/** Why there is no answer: Bun's own words are for those who wrote the request. */
function unreachable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? messageOf(error);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNRESET: "it closed the connection without an answer",
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no host with this name",
};
