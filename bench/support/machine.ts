/** Describes the machine of a run. */
import { cpus, loadavg, release, totalmem } from "node:os";

export function machine() {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memory: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${release()}`,
    bun: Bun.version,
    /** Load average of the last minute: other work on the machine slows a measure down. */
    load: loadavg()[0]?.toFixed(1) ?? "",
  };
}
