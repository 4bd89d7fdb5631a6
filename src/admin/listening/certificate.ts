/** The certificate of the server, and its key: two files that are read again, as certificates are renewed. */
import { readFileSync } from "node:fs";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { TqError, messageOf } from "../../errors.ts";
import type { Report } from "../../log/events.ts";
import { LastingNote } from "../../log/lasting-note.ts";
import { MINUTE_MS } from "../../values/duration.ts";

export interface KeyPair {
  /** The certificate, and those that lead from it to a root, as PEM. */
  readonly cert: string;
  /** Its private key, as PEM. */
  readonly key: string;
}

/** The paths of the files of a key pair. */
export type KeyPairFiles = KeyPair;

/** The files are read this often: a renewed certificate overlaps with the old one for days. */
const RENEWAL_LOOK_MS = MINUTE_MS;

/** @throws TqError `invalid` with the file that cannot be used, and why. */
export function readKeyPair(files: KeyPairFiles): KeyPair {
  const cert = readText(files.cert, "admin.tls_cert");
  const key = readText(files.key, "admin.tls_key");
  const certificate = parse(() => new X509Certificate(cert), files.cert, "a certificate");
  const privateKey = parse(() => createPrivateKey(key), files.key, "a private key");
  if (certificate.checkPrivateKey(privateKey)) return { cert, key };
  throw refused(`the key in ${files.key} is not that of the certificate in ${files.cert}`);
}

function readText(file: string, setting: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw refused(`${setting} cannot be read: ${messageOf(error)}`);
  }
}

function parse<T>(read: () => T, file: string, what: string): T {
  try {
    return read();
  } catch {
    throw refused(`${file} does not begin with ${what} as PEM without a password`);
  }
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot use TLS: ${why}`);
}

interface Renewal {
  readonly files: KeyPairFiles;
  readonly present: KeyPair;
  /** As `Store.after`. */
  readonly after: (ms: number, then: () => void) => () => void;
  readonly use: (pair: KeyPair) => void;
  readonly report: Report | undefined;
}

/** Uses each new pair. One that cannot be used is warned of, and the present one stays. @returns a function that ends it */
export function watchKeyPair({ files, present, after, use, report }: Renewal): () => void {
  const trouble = new LastingNote((event) => report?.(event));
  let used = present;
  let callOff = after(RENEWAL_LOOK_MS, look);
  function look(): void {
    try {
      const pair = readKeyPair(files);
      if (pair.cert !== used.cert || pair.key !== used.key) {
        use(pair);
        used = pair;
        const message = `The admin API uses the certificate that is new in ${files.cert}`;
        report?.({ name: "log.note", level: "info", message });
      }
      trouble.gone();
    } catch (error) {
      trouble.say(`${messageOf(error)}; the admin API goes on with the certificate that it has`);
    }
    callOff = after(RENEWAL_LOOK_MS, look);
  }
  return () => callOff();
}
