/** The files and folders of a worker's models. */
import { TqError } from "../errors.ts";
import type { Config } from "../settings/config.ts";

interface Given {
  readonly config: Config;
  /** Default: the setting. */
  readonly models?: readonly string[] | undefined;
}

/** @throws TqError "models" where there are none. */
export function modelsOf({ config, models }: Given): readonly string[] {
  const paths = models ?? (config.models === null ? [] : [config.models]);
  if (paths.length > 0) return paths;
  throw new TqError(
    "models",
    "Cannot start a worker: there is no models.ts and no models folder here; write one (tq init does), or name it with --models",
  );
}
