/** The tasks of a small shop. */
import { currentTask, ModelSQL, task, v } from "tq";

export class Invoice extends ModelSQL("invoice", { number: v.optional(v.string()) }) {
  static readonly tasks = {
    send: { attempts: 5, backoff: ["30s", "5m"], timeout: "1m" },
    archive: { expires: "12h" },
  };

  async send(to: string) {
    currentTask()?.log("to", to);
    throw mailboxIsFull(to);
  }

  async archive() {}
}

export class Parcel extends ModelSQL("parcel", { weight: v.optional(v.number()) }) {
  static readonly tasks = { announce: { attempts: 3, timeout: "20s" } };

  async announce(carrier: "express" | "standard", insured = false, note?: string) {
    currentTask()?.log("announced", { insured, note });
    throw new Error(`${carrier} answers 503 Service Unavailable`);
  }

  async track() {}
}

export const printLabels = task("print_labels", { transaction: false }, async (sheets: number) => {
  for (let sheet = 1; sheet <= sheets; sheet++) {
    const run = currentTask();
    run?.log(`sheet ${sheet} is sent to the printer in the packing room`);
    run?.progress(sheet, sheets, `sheet ${sheet}`);
    await new Promise((resolve) => {
      run?.signal.addEventListener("abort", resolve);
      setTimeout(resolve, 2_000);
    });
  }
});

export const importPrices = task("import_prices", async (_supplier: string) => {});

export const sendNewsletter = task(
  "send_newsletter",
  { attempts: 2 },
  async (_issue: number) => {},
);

export const backUp = task("backup", async () => {});

function mailboxIsFull(to: string): Error {
  return Object.assign(new Error(`552 5.2.2 The mailbox of ${to} is full`), { name: "SmtpError" });
}
