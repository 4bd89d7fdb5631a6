/** The certificate that a server shows, for the sentence that says why it was refused. */
import { clearTimeout, setTimeout } from "../clock.ts";
import { quote } from "../quote.ts";
import { databaseAddress } from "../values/database-url.ts";

/** A server that shows none within this many ms is given up. */
const LONGEST_MS = 2_000;

/** A client that wants TLS says so first: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

/** Names it by its subject, issuer and end; null: the server shows none, or is not reached by TCP. */
export async function shownCertificate(url: string): Promise<string | null> {
  const address = databaseAddress(url);
  if (address === null) return null;
  const [{ connect }, tls] = await Promise.all([import("node:net"), import("node:tls")]); // for errors alone
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connect(address);
  const timer = setTimeout(() => resolve(null), LONGEST_MS);
  const none = () => resolve(null);
  socket.once("error", none);
  socket.once("close", none);
  socket.once("connect", () => socket.write(SSL_REQUEST));
  socket.once("data", (answer: Uint8Array) => {
    if (answer[0] !== 0x53) return none();
    const secured = tls.connect({ socket, rejectUnauthorized: false }, () =>
      resolve(inWords(secured.getPeerCertificate())),
    );
    secured.once("error", none);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

interface Certificate {
  readonly subject?: Name;
  readonly issuer?: Name;
  readonly subjectaltname?: string | undefined;
  readonly valid_to?: string;
}

interface Name {
  readonly CN?: string | string[];
  readonly O?: string | string[];
}

function inWords({ subject, issuer, subjectaltname, valid_to: end }: Certificate): string | null {
  if (!subject) return null;
  const names = subjectaltname ? `, for ${quote(subjectaltname)}` : "";
  return `the server shows the certificate of ${nameOf(subject)}${names}, which ${nameOf(issuer)} has issued, and which ends ${end}`;
}

function nameOf(name: Name = {}): string {
  const said = name.CN ?? name.O;
  return said === undefined ? "an unknown name" : quote(String(said));
}
