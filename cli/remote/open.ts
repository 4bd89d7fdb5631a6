/** Opens the store of another machine. Commands that have no `--url` start without it. */
import type { Remote } from "../command/program.ts";
import { Client } from "./client.ts";
import { RemoteStore } from "./store.ts";
import { readTarget } from "./target.ts";

/** @throws TqError "invalid" for an address or a token that cannot be used */
export function openRemote(remote: Remote): RemoteStore {
  return new RemoteStore(new Client(readTarget(remote)));
}
