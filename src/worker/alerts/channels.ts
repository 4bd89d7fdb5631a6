/** The ways in which alerts go, as the settings say. */
import { dirname } from "node:path";
import { alertKey } from "../../run/alert-definitions.ts";
import type { Config } from "../../settings/config.ts";
import type { AlertChannel, AlertKey } from "../../store/failure-store.ts";
import type { AlertMessage } from "./message.ts";
import { post } from "./post.ts";
import { runCommand } from "./run-command.ts";

export interface Channel {
  readonly name: AlertChannel;
  readonly key: AlertKey;
  /** @returns why it failed; null: it has not. Never throws. */
  readonly send: (message: AlertMessage, signal: AbortSignal) => Promise<string | null>;
}

export function channelsOf({ alert, file }: Pick<Config, "alert" | "file">): Channel[] {
  const { command, url } = alert;
  const folder = file === null ? process.cwd() : dirname(file);
  const channels: Channel[] = [];
  if (command !== null) {
    const send: Channel["send"] = (message, signal) =>
      runCommand({ command, folder }, message, signal);
    channels.push({ name: "command", key: alertKey({ alert }, "command"), send });
  }
  if (url !== null) {
    const send: Channel["send"] = (message, signal) => post({ url }, message, signal);
    channels.push({ name: "url", key: alertKey({ alert }, "url"), send });
  }
  return channels;
}
