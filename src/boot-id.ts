/** Tells one boot of the machine from another. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { wallNow } from "./clock.ts";

/** Changes at every boot: a task did not cause a death across a reboot, which was a power cut. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // On other systems the minute of the boot is close enough: setting the clock makes one death not count.
    return `boot-${Math.round((wallNow() - uptime() * 1000) / 60_000)}`;
  }
}
