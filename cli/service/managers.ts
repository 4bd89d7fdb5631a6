/** The manager of services of each system. */
import { TqError } from "../../src/errors.ts";
import { didYouMean } from "../../src/suggest.ts";
import { launchd } from "./launchd/manager.ts";
import type { Manager } from "./manager.ts";
import type { Scope } from "./plan.ts";
import { systemd } from "./systemd/manager.ts";
import { windows } from "./windows/manager.ts";

const MANAGERS: Readonly<Record<string, (scope: Scope) => Manager>> = { systemd, launchd, windows };

export const MANAGER_NAMES = Object.keys(MANAGERS);

/** That of this system. Systems that are none of them are told that systemd does not run them. */
export function ownManager(scope: Scope): Manager {
  if (process.platform === "darwin") return launchd(scope);
  return process.platform === "win32" ? windows(scope) : systemd(scope);
}

/** @throws TqError "invalid" */
export function namedManager(name: string, scope: Scope): Manager {
  const make = Object.hasOwn(MANAGERS, name) ? MANAGERS[name] : undefined;
  if (make !== undefined) return make(scope);
  const known = MANAGER_NAMES.join(", ");
  const near = didYouMean(name, MANAGER_NAMES);
  throw new TqError("invalid", `--for cannot be "${name}": it is one of ${known}${near}`);
}
