/** Where the admin API listens. */
import { resolve } from "node:path";
import { TqError } from "../../errors.ts";
import { socketPath, splitAddress } from "../../settings/kinds.ts";

export type Address = HostAddress | SocketAddress;

interface SocketAddress {
  /** The absolute path of a Unix socket. */
  readonly unix: string;
}

export interface HostAddress {
  /** An IPv6 address without its brackets. */
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT` or `unix:PATH`.
 *
 * @param insecure allows addresses that other hosts can reach: the token is encrypted, or the user allows it
 * @throws TqError `invalid`
 */
export function parseListen(listen: string, insecure: boolean): Address {
  const path = socketPath(listen);
  if (path !== null) return { unix: resolve(path) };
  const address = splitAddress(listen);
  if (address === null) {
    throw new TqError(
      "invalid",
      `Cannot listen on ${JSON.stringify(listen)}: give HOST:PORT, such as 127.0.0.1:8989 or [::1]:8989, with a port from 0 to 65535, or unix:PATH`,
    );
  }
  if (!insecure && !isLoopback(plainHost(address.hostname))) {
    throw new TqError(
      "invalid",
      `Cannot listen on ${listen}: other hosts can reach this address, and the token would travel unencrypted; listen on 127.0.0.1, give --tls-cert and --tls-key, or --insecure-listen`,
    );
  }
  return address;
}

/** A host in its shortest spelling, without brackets: `[0:0::1]` is `::1`, `127.1` is `127.0.0.1`. */
export function plainHost(host: string): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const plain = URL.parse(`http://${name}`)?.hostname ?? host.toLowerCase();
  return plain.replace(/^\[|\]$/g, "");
}

/** True for a plain host that is numbers, not a name. `node:net` has this too, and loads for 11 ms. */
export function isAddress(host: string): boolean {
  return host.includes(":") || IPV4.test(host);
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** True for a plain host that only programs of this host can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (IPV4.test(host) && host.startsWith("127."));
}
