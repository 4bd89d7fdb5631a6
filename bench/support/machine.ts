/** On what a run was made. */
import { cpus, loadavg, release, totalmem } from "node:os";

export function machine() {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memory: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${release()}`,
    bun: Bun.version,
    /** Of the last minute: what others did at the same time. */
    load: loadavg()[0]?.toFixed(1) ?? "",
  };
}
