/** The parameters of database URLs: those that the driver takes, and those of other clients that change nothing here. */

export interface UrlParameter {
  /** True: the driver gets it; of any other it would make a setting of the server. */
  readonly isDriver?: true;
  /** The values that it may have; left out: any. */
  readonly values?: readonly string[];
  /** Follows on a value that it may not have: what to do. */
  readonly otherwise?: string;
  /** Says what it does, for the documents. */
  readonly help: string;
}

const NAMED = "ignored: tq names its connections itself, and ends those of a dead process by that";
const WATCHED = "ignored: tq finds out by itself that a connection is dead";
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** In the order of the documents. */
export const URL_PARAMETERS: Readonly<Record<string, UrlParameter>> = {
  host: { isDriver: true, help: "the server, or the folder of its socket" },
  port: { isDriver: true, help: "its port" },
  password: { isDriver: true, help: "the password, as before the `@`" },
  sslmode: {
    isDriver: true,
    values: SSL_MODES,
    help: "`allow` and `prefer` may not encrypt, `require` does; `verify-ca` checks the certificate, `verify-full` its name too",
  },
  sslrootcert: { isDriver: true, help: "a file with the authorities that are trusted" },
  sslcert: { isDriver: true, help: "a file with the certificate of the client" },
  sslkey: { isDriver: true, help: "a file with its key" },
  sslpassword: { isDriver: true, help: "the password of that key" },
  options: { isDriver: true, help: "settings of the session, as `-c work_mem=8MB`" },
  prepare: {
    isDriver: true,
    values: ["true", "false"],
    help: "`false`: a program that only pushes may use a pooler",
  },
  connect_timeout: {
    help: "the seconds that a connection may take, where that is less than `database.timeout`",
  },
  application_name: { help: NAMED },
  fallback_application_name: { help: NAMED },
  keepalives: { help: WATCHED },
  keepalives_idle: { help: WATCHED },
  keepalives_interval: { help: WATCHED },
  keepalives_count: { help: WATCHED },
  tcp_user_timeout: { help: WATCHED },
  channel_binding: {
    values: ["disable", "prefer"],
    otherwise:
      "tq's driver cannot bind a password to the channel; leave it out, and write sslmode=verify-full, which lets no other server pose as this one",
    help: "ignored; `require` is refused, as the driver cannot: `sslmode=verify-full` lets no other server pose as this one",
  },
  gssencmode: {
    values: ["disable", "prefer"],
    otherwise: "tq's driver knows no GSSAPI; leave it out, and write sslmode=require",
    help: "ignored; `require` is refused: the driver knows no GSSAPI",
  },
  sslnegotiation: {
    values: ["postgres"],
    otherwise: "tq's driver asks the server first; leave it out",
    help: "ignored; `direct` is refused: the driver asks the server first",
  },
  target_session_attrs: {
    values: ["any", "read-write", "primary"],
    otherwise: "a queue needs a server that takes writes; name the primary",
    help: "ignored: tq itself wants a server that takes writes; `read-only`, `standby` and `prefer-standby` are refused",
  },
};

const SECONDS = /^-?\d{1,9}$/;

/** Says what is wrong with the parameters, without a value that may be secret; null: nothing is. */
export function parametersFault(parameters: URLSearchParams): string | null {
  const keys = [...parameters.keys()];
  const unknown = keys.find((key) => !Object.hasOwn(URL_PARAMETERS, key));
  const twice = keys.find((key, index) => key !== unknown && keys.indexOf(key) !== index);
  if (twice !== undefined) return `it says ${twice} twice`;
  for (const [key, { values, otherwise }] of Object.entries(URL_PARAMETERS)) {
    const value = parameters.get(key);
    if (value === null || values === undefined || values.includes(value)) continue;
    const why = otherwise === undefined ? "" : `: ${otherwise}`;
    return `its ${key} must be ${values.length > 1 ? "one of " : ""}${values.join(", ")}${why}`;
  }
  const wait = parameters.get("connect_timeout");
  if (wait !== null && !SECONDS.test(wait))
    return "its connect_timeout must be a number of seconds";
  if (unknown === undefined) return null;
  const which = isSafe(unknown, parameters) ? `, ${unknown}` : "";
  return `it has a parameter that tq does not know${which}; known are ${Object.keys(URL_PARAMETERS).join(", ")}`;
}

/** False where the name may be a piece of a password with a sign such as & or ? in it. */
function isSafe(name: string, parameters: URLSearchParams): boolean {
  const isSecretNear = ["password", "sslpassword"].some((key) => parameters.has(key));
  return !isSecretNear && /^[a-z_]+$/i.test(name) && !parameters.toString().includes("%40");
}

/** A URL as the driver gets it: without what it would send to the server as a setting. */
export function driverUrl(url: string): string {
  const [address = "", query] = url.split("?", 2);
  if (query === undefined) return url;
  const kept = query.split("&").filter((one) => {
    const [key = ""] = new URLSearchParams(one).keys();
    return URL_PARAMETERS[key]?.isDriver === true;
  });
  return kept.length === 0 ? address : `${address}?${kept.join("&")}`;
}

/** The ms that a connection may take by its URL; Infinity: it says nothing, or what libpq takes for no bound. */
export function connectTimeout(url: string): number {
  const wait = Number(new URLSearchParams(url.split("?", 2)[1]).get("connect_timeout") ?? 0);
  return wait > 0 ? wait * 1_000 : Infinity;
}
