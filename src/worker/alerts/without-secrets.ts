/** Takes the secrets of a URL out of words that a server, or an error, has for it. */
import { shownUrl } from "../../settings/kinds.ts";

/** A shorter part of a URL is no secret, and taking it out would make the words unreadable. */
const SHORTEST = 3;

const MASK = "…";

/**
 * The words without the URL, and without the path, the query, the user and the password, whole and in their parts.
 *
 * @param isCut the words go on, so that they may end within a secret.
 */
export function withoutSecrets(words: string, url: string, isCut = false): string {
  const whole = [url, new URL(url).href].reduce(
    (text, written) => text.replaceAll(written, shownUrl(url)),
    words,
  );
  const secrets = secretsOf(url);
  const masked = secrets.reduce((text, secret) => text.replace(everywhere(secret), MASK), whole);
  return isCut ? withoutBeginning(masked, secrets) : masked;
}

/** The longest first: a part of one is often another one. */
function secretsOf(url: string): string[] {
  const { pathname, search, username, password, searchParams } = new URL(url);
  const path = pathname === "/" ? "" : pathname;
  const user = `${decoded(username)}:${decoded(password)}`;
  const parts = [
    `${path}${search}`,
    path,
    ...path.split("/"),
    search.slice(1),
    ...search.slice(1).split(/[&=]/),
    ...searchParams.values(),
    username,
    password,
    ...(user === ":" ? [] : [user, Buffer.from(user).toBase64()]),
  ];
  const written = parts.flatMap((part) => [part, decoded(part), Bun.escapeHTML(part)]);
  const secrets = written.filter((part) => part.length >= SHORTEST);
  return [...new Set(secrets)].sort((one, other) => other.length - one.length);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** No part of a longer word: of `hooks`, the path `/ok` takes nothing. */
function everywhere(secret: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(secret)}(?![\\p{L}\\p{N}])`, "giu");
}

/** The words without the beginning of a secret at their end. */
function withoutBeginning(words: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length; length >= SHORTEST; length--) {
      if (words.endsWith(secret.slice(0, length))) return words.slice(0, -length) + MASK;
    }
  }
  return words;
}
