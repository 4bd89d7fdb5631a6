/** How late the queues were in the last hour, and what becomes of them, as `tq status` says it. */
import { printable } from "../../src/printable.ts";
import { forecastWords } from "../../src/statistics/forecast-words.ts";
import type { QueueStatus, StoreStatus } from "../../src/store/looking.ts";
import { spreadTable } from "./statistics.ts";
import type { Terminal } from "./terminal.ts";
import { wrapped } from "./text.ts";

export function outlookLines(
  { queues, last_hour: hours }: Pick<StoreStatus, "queues" | "last_hour">,
  terminal: Terminal,
): string[] {
  const rows = hours.map((hour) => ({ ...hour, name: hour.queue }));
  const late = spreadTable(
    "last hour",
    rows,
    [
      ["waited", ({ wait }) => wait],
      ["late", (row) => row.late_end],
    ],
    terminal,
  );
  const forecasts = queues.flatMap((status) => {
    const words = queueWords(status);
    return words === null ? [] : [wrapped(words, terminal.width)];
  });
  return [
    ...(late === null ? [] : ["", late]),
    ...(forecasts.length === 0 ? [] : ["", ...forecasts]),
  ];
}

/** Foretells the queue in words; null where no rate is known. */
function queueWords({ queue, forecast }: QueueStatus): string | null {
  return forecast === undefined ? null : `${printable(queue)}: ${forecastWords(forecast)}`;
}
