/** `tq worker`: runs tasks until it is stopped or, with --drain, until no task is left. */
import { resolve } from "node:path";
import type { Startable } from "../src/embed.ts";
import { collectLater } from "../src/collect-later.ts";
import { TqError } from "../src/errors.ts";
import { didYouMean } from "../src/suggest.ts";
import { command } from "./command/command.ts";
import { settingFlag } from "./command/flags.ts";
import { endOfService } from "./command/end-of-service.ts";
import { removePidfile, writePidfile } from "./command/pidfile.ts";
import { stopOnSignals } from "./command/signals.ts";
import { readNames } from "./command/values.ts";
import { ServiceManager } from "./service/notify.ts";

export const worker = command({
  name: "worker",
  description: "Run tasks on a pool of threads",
  examples: [
    ["tq worker --queue mail,print -n 4", "Two queues on four threads"],
    ["tq worker --drain", "All that is ready, and no longer"],
  ],
  flags: {
    // The other names and the short flags are those of trytond-worker.
    queue: settingFlag("worker.queues", { alias: "name", valueHint: "QUEUE", multiple: true }),
    threads: settingFlag("worker.threads", { alias: "n", valueHint: "N" }),
    max: settingFlag("worker.max_tasks", { valueHint: "N" }),
    "poll-interval": settingFlag("worker.poll_interval", {
      alias: ["t", "timeout"],
      valueHint: "60s",
    }),
    grace: settingFlag("worker.grace", { valueHint: "30s" }),
    pidfile: {
      type: "string",
      valueHint: "FILE",
      description: "Write the process id to this file",
    },
    drain: {
      type: "string",
      bare: "ready",
      valueHint: "all",
      description:
        "Exit once no task is ready or running (=all: nor scheduled); the exit code is 1 if a task failed",
    },
    watch: {
      type: "boolean",
      description: "Load the models anew as soon as they have changed; what runs ends first",
    },
    "exit-with-parent": {
      type: "boolean",
      description: "Stop when the parent process ends",
    },
    admin: { type: "boolean", description: "Serve the admin API as well" },
    listen: settingFlag("admin.listen", { valueHint: "HOST:PORT" }),
    "tls-cert": settingFlag("admin.tls_cert", { valueHint: "FILE" }),
    "tls-key": settingFlag("admin.tls_key", { valueHint: "FILE" }),
    "insecure-listen": {
      type: "boolean",
      description: "Allow an address other than loopback without TLS",
    },
  },
  run: async (values, program) => {
    // Without this check `--queue ","` would mean all queues.
    if (values.queue !== undefined) readNames(values.queue, "--queue");
    const drain = readDrain(values.drain);
    const config = program.config();
    const { listen } = config.admin;
    const insecure = values["insecure-listen"] === true;
    const manager = ServiceManager.of(process.env);
    const log = program.report(config);
    const report = manager?.following(log) ?? log;
    const pidfile = values.pidfile === undefined ? undefined : resolve(values.pidfile);
    const early = Promise.withResolvers<Startable>();
    // Before the file with the process id is there, which has other programs send signals. One may arrive before the
    // worker exists: it then reaches the worker as soon as it does.
    const leave = stopOnSignals({
      stop: async (how) => (await early.promise).stop(how),
      reload: () => void early.promise.then((it) => it.reloadModels("SIGHUP")),
    });
    try {
      const { startConfigured } = await import("../src/embed.ts"); // other commands start faster without it
      if (pidfile !== undefined) writePidfile(pidfile);
      const { stopped } = await startConfigured({
        config,
        starting: (it) => early.resolve(it),
        drain: drain === false ? undefined : drain,
        watch: values.watch === true,
        exitWithParent: values["exit-with-parent"] === true,
        report,
        ...(values.admin === true || values.listen !== undefined
          ? { admin: { listen, insecure } }
          : {}),
      });
      collectLater();
      const { failed } = await stopped;
      return drain !== false && failed > 0 ? 1 : 0;
    } catch (error) {
      return endOfService(error, { program, config, log });
    } finally {
      removePidfile(pidfile);
      leave();
      manager?.end();
      log.flush();
    }
  },
});

function readDrain(text: string | undefined): false | "ready" | "all" {
  if (text === undefined) return false;
  if (text === "ready" || text === "all") return text;
  throw new TqError(
    "invalid",
    `--drain cannot be ${JSON.stringify(text)}: write --drain or --drain=all${didYouMean(text, ["all"])}`,
  );
}
