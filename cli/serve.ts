/** `tq serve`: serves the admin API without running tasks. */
import { keepFewPages } from "../src/executable-pages.ts";
import { standardOutput } from "../src/log/standard-stream.ts";
import type { ModelCrons } from "../src/cron/merge.ts";
import { loadedVersion } from "../src/registry/model-version.ts";
import { marksOfModels } from "../src/registry/marked-models.ts";
import { openServerStore } from "../src/open-store.ts";
import type { Registry } from "../src/registry/registry.ts";
import type { KnownModels } from "../src/registry/said-policies.ts";
import type { Signature } from "../src/registry/signatures/signatures.ts";
import type { Report } from "../src/log/events.ts";
import type { Config } from "../src/settings/config.ts";
import type { DeclaredMarks } from "../src/store/redaction-store.ts";
import { VERSION } from "../src/version.ts";
import { command } from "./command/command.ts";
import { endOfService } from "./command/end-of-service.ts";
import { settingFlag } from "./command/flags.ts";
import { modeOf } from "./command/mode.ts";
import { withStore } from "./command/program.ts";
import { loadRegistry } from "./command/runtime.ts";
import { outliveHangUps, stopOnSignals } from "./command/signals.ts";
import { ServiceManager } from "./service/notify.ts";
import { liveWorkers } from "../src/store/live-workers.ts";

export const serve = command({
  name: "serve",
  description: "Serve the admin API without running tasks",
  flags: {
    listen: settingFlag("admin.listen", { valueHint: "HOST:PORT" }),
    "tls-cert": settingFlag("admin.tls_cert", { valueHint: "FILE" }),
    "tls-key": settingFlag("admin.tls_key", { valueHint: "FILE" }),
    "insecure-listen": {
      type: "boolean",
      description: "Allow an address other than loopback without TLS",
    },
  },
  run: async (values, program) => {
    const config = program.config();
    const manager = ServiceManager.of(process.env);
    const report = program.report(config);
    const leaveEarly = outliveHangUps(() => tellNoReload(report)); // models may take long to load
    try {
      const registry =
        config.models === null ? null : await loadRegistry(config, program, standardOutput());
      const models = await knownIn(registry, config);
      const { serveAdmin } = await import("../src/admin/serve.ts"); // other commands start faster without it
      await withStore(
        config,
        async (store) => {
          const mode = await modeOf(store, config);
          leaveEarly();
          const stopAsked = untilStopSignal(report); // a signal may come as soon as the log says that the server listens
          const server = await serveAdmin({
            store,
            report,
            listen: config.admin.listen,
            tls: { cert: config.admin.tls_cert, key: config.admin.tls_key },
            hosts: config.admin.hosts,
            pushable: config.admin.push,
            insecure: values["insecure-listen"] === true,
            config,
            catalog: () => models.catalog,
            crons: () => models.crons,
            policies: () => models.policies,
            signature: models.signature,
            marks: models.marks,
            mode,
            version: VERSION,
            batchSize: config.queue.batch_size,
          });
          report.flush();
          manager?.ready(`Serves the API on ${server.url}`);
          const { Recounting } = await import("../src/worker/recounting.ts");
          const isAlone = async () => (await liveWorkers(store)).length === 0; // otherwise a worker counts
          const recounting = new Recounting(store, isAlone);
          recounting.start();
          keepFewPages();
          await stopAsked;
          recounting.stop();
          manager?.stopping(0);
          await server.stop();
        },
        openServerStore,
        report,
      );
    } catch (error) {
      return endOfService(error, { program, config, log: report });
    }
    manager?.end();
    report.flush();
    return 0;
  },
});

interface Known extends KnownModels {
  readonly crons: readonly ModelCrons[];
  readonly marks: DeclaredMarks;
  readonly signature: (call: string) => Promise<Signature | null>;
}

async function knownIn(registry: Registry | null, config: Config): Promise<Known> {
  const { models: path } = config;
  if (path === null || registry === null)
    return { catalog: null, crons: [], policies: {}, marks: {}, signature: async () => null };
  const { saidPolicies } = await import("../src/registry/said-policies.ts");
  const { modelCrons } = await import("../src/registry/recurring.ts");
  const { callHeads } = await import("../src/registry/signatures/heads.ts");
  const calls = { heads: callHeads(registry), version: loadedVersion() };
  return {
    catalog: registry.catalog(),
    crons: [modelCrons(path, registry.all())],
    policies: saidPolicies(registry.all(), config.tasks),
    marks: marksOfModels(registry.all()),
    signature: async (call) => {
      // A form alone needs the reader of sources.
      const { signatureOf } = await import("../src/registry/signatures/signatures.ts");
      return signatureOf(call, calls);
    },
  };
}

const NO_RELOAD =
  "SIGHUP changes nothing here: tq serve reads its models and settings at its start alone; restart it for new ones";

function tellNoReload(report: Report): void {
  report({ name: "log.note", level: "warn", message: NO_RELOAD });
}

async function untilStopSignal(report: Report): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const leave = stopOnSignals({
    stop: async () => {
      resolve();
    },
    reload: () => tellNoReload(report),
  });
  await promise;
  leave(); // without a handler, a second signal ends the process at once
}
