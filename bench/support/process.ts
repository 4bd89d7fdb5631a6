/** What a process uses, as Linux tells it under /proc. */
import { readFileSync, readdirSync } from "node:fs";

/** Nanoseconds on a processor, of all threads: finer than the hundredths of a second of /proc/PID/stat. */
export function processorTime(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [spent] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    sum += Number(spent);
  }
  return sum;
}

/** Megabytes resident: now, or the most there were. */
export function residentMemory(pid: number, which: "now" | "peak" = "now"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = new RegExp(`^Vm${which === "now" ? "RSS" : "HWM"}:\\s+(\\d+) kB`, "m").exec(
    status,
  )?.[1];
  return Number(kilobytes) / 1000;
}
