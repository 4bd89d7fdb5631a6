/** `tq alert`: sends a test alert in each way that the settings name, and says what became of it. */
import { TqError } from "../src/errors.ts";
import { printable } from "../src/printable.ts";
import type { Config } from "../src/settings/config.ts";
import { formatDuration } from "../src/values/duration.ts";
import { channelsOf } from "../src/worker/alerts/channels.ts";
import { alertMessage } from "../src/worker/alerts/message.ts";
import { databaseName } from "../src/values/database-url.ts";
import { command } from "./command/command.ts";
import { paint } from "./terminal/terminal.ts";

export const alert = command({
  name: "alert",
  description: "Send a test alert, and say whether it went",
  flags: {},
  run: async (_values, program) => {
    const config = program.config();
    const channels = channelsOf(config);
    if (channels.length === 0) {
      throw new TqError(
        "invalid",
        `Cannot send an alert: ${config.file ?? "tq.toml"} does not say how; write command = "…" or url = "…" into its section [alert]`,
      );
    }
    const { url, path } = config.database;
    const database = url === null ? path : databaseName(url);
    const message = alertMessage({ database, failures: [], count: 0, isTest: true });
    const { signal } = new AbortController();
    const sent = await Promise.all(
      channels.map(async ({ name, send }) => {
        const started = performance.now();
        const reason = await send(message, signal);
        const duration = Math.round(performance.now() - started);
        return { channel: name, sent: reason === null, duration, reason };
      }),
    );
    program.answer(sent, () =>
      sent
        .map(({ channel, duration, reason }) =>
          reason === null
            ? `${channel}: sent in ${formatDuration(duration)}`
            : `${channel}: ${paint(program.terminal, "red", "failed")} after ${formatDuration(duration)}: ${shown(reason)}`,
        )
        .join("\n"),
    );
    const limits = limitWords(config.alert);
    if (limits !== null) program.note(limits);
    return sent.every((one) => one.sent) ? 0 : 1;
  },
});

/** The lines of a long reason: the last ones are what a command printed at its end. */
const LAST_LINES = 8;

/** It has words of a command or of a server. */
function shown(reason: string): string {
  const [first = "", ...more] = reason.split("\n").map(printable);
  const cut = more.length > LAST_LINES ? ["…", ...more.slice(-LAST_LINES)] : more;
  return [first, ...cut].join("\n");
}

/** `Only failures of label.* are told, in the queues mail: [alert] says so`; null: all are. */
function limitWords({ queues, tasks }: Config["alert"]): string | null {
  if (queues.length + tasks.length === 0) return null;
  const of = tasks.length === 0 ? "" : ` of ${tasks.join(", ")}`;
  const inQueues = queues.length === 0 ? "" : ` in the queues ${queues.join(", ")}`;
  return `Only failures${of}${inQueues} are told, as [alert] says; tq worker warns of names that fit nothing`;
}
