/** Reads the processor time and the memory of a process from Linux's /proc. */
import { readFileSync, readdirSync } from "node:fs";

/** Nanoseconds on a processor, summed over all threads; /proc/PID/stat counts only hundredths of a second. */
export function processorTime(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [spent] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    sum += Number(spent);
  }
  return sum;
}

/** Resident megabytes, now or at their peak. */
export function residentMemory(pid: number, which: "now" | "peak" = "now"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = new RegExp(`^Vm${which === "now" ? "RSS" : "HWM"}:\\s+(\\d+) kB`, "m").exec(
    status,
  )?.[1];
  return Number(kilobytes) / 1000;
}
