/** Certificates for a server of the tests' own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

function openssl(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { stderr: "pipe" });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes one that issues others. */
export function makeIssuer(folder: string, name: string): Certificate {
  const made = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  const files = ["-keyout", made.key, "-out", made.cert];
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
    ...files,
  );
  return made;
}

/** Makes one for these names. @param names such as "IP:127.0.0.1,DNS:localhost" */
export function issue(
  folder: string,
  name: string,
  issuer: Certificate,
  names: string,
): Certificate {
  const made = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  const asked = join(folder, `${name}.csr`);
  const more = join(folder, `${name}.ext`);
  writeFileSync(more, `subjectAltName=${names}\n`);
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", made.key];
  openssl("req", ...key, "-subj", `/CN=${name}`, "-out", asked);
  const by = ["-CA", issuer.cert, "-CAkey", issuer.key, "-CAcreateserial"];
  openssl("x509", "-req", "-in", asked, ...by, "-days", "2", "-extfile", more, "-out", made.cert);
  return made;
}
