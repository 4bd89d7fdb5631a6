/** Which failures the settings want to be told: a worker tells them, and each program that runs tasks has them noted. */
import type { Config } from "../settings/config.ts";
import type { AlertChannel, AlertDefinition, AlertKey } from "../store/failure-store.ts";
import type { Store } from "../store/store.ts";

type Settings = Pick<Config, "alert">;

const CHANNELS: readonly AlertChannel[] = ["command", "url"];

function alertDefinitions({ alert }: Settings): AlertDefinition[] {
  const { queues, tasks } = alert;
  return CHANNELS.filter((name) => alert[name] !== null).map((name) => ({
    key: alertKey({ alert }, name),
    queues,
    tasks,
  }));
}

/** A URL may be secret: the database has no more of it than a hash. */
export function alertKey({ alert }: Settings, name: AlertChannel): AlertKey {
  const definition = [alert[name], alert.queues, alert.tasks];
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(definition)).digest("hex");
  return `${name} ${hash.slice(0, 16)}`;
}

/** For a program that tells nobody: its failures are kept for the workers that do. */
export async function watchFailures(store: Store, config: Config): Promise<void> {
  const definitions = alertDefinitions(config);
  if (definitions.length > 0) await store.failures.watch(config.file ?? "", definitions);
}
