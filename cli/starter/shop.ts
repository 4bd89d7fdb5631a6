/** A shop: records, retries, a timeout, a recurring task, and a method that hears of failures. */
import type { Starter } from "./starter.ts";

export const SHOP: Starter = {
  purpose: "sales and labels, with retries and a nightly task",
  about:
    "a task is the call of a method of a model. Set `PRINTER` in it to the address of a printer; until then the labels are in `tq logs` only.",
  push: `tq push shop sell 1 --args '["the bakery", 2]'`,
  models: `// The models of this shop. The tq executable provides the module "tq".
import {
  type Failure,
  Model,
  ModelSQL,
  type Queue,
  type RecurringTasks,
  type TaskPolicies,
  currentTask,
  v,
} from "tq";

/** A sale: a row of the table "sale". */
export class Sale extends ModelSQL("sale", {
  customer: v.string(),
  parcels: v.number(),
  state: v.picklist(["new", "labelled"]),
}) {
  declare static readonly __queue__: Queue<typeof Sale>;

  static readonly tasks: TaskPolicies<typeof Sale> = {
    // an attempt that fails or takes over 20 s is repeated, up to 8 times, after longer and longer waits
    label: { attempts: 8, timeout: "20s", onFailed: "tell" },
  };

  /** Prints the labels. After a crash it runs again, and a label may be printed twice. */
  async label() {
    for (let parcel = 1; parcel <= this.parcels; parcel++) {
      await printed(\`Sale \${this.id} for \${this.customer}, parcel \${parcel}\`);
      currentTask()?.progress(parcel, this.parcels);
    }
    this.state = "labelled";
    await this.save();
  }

  /** Is pushed when \`label\` has failed for good; \`tq retry ID\` then prints the labels. */
  async tell({ task, reason }: Failure) {
    console.error(\`The labels of \${this.customer} are not printed (task \${task}): \${reason}\`);
  }
}

/** A model without a table. */
export class Shop extends Model {
  static override readonly __name__ = "shop";
  declare static readonly __queue__: Queue<typeof Shop>;

  static readonly cron: RecurringTasks<typeof Shop> = {
    "close-of-day": { schedule: "0 20 * * 1-6", method: "close" },
  };

  /** Writes a sale and pushes the task that prints its labels; both commit together or not at all. */
  static async sell(_shops: Shop[], customer: string, parcels: number) {
    const [sale] = await Sale.create([{ customer, parcels, state: "new" }]);
    if (sale) await Sale.__queue__.label(sale);
  }

  /** Says which sales have no labels yet. */
  static async close() {
    const open = await Sale.search([["state", "=", "new"]]);
    console.log(\`\${open.length} sales have no labels\`);
    return open.map(({ id }) => id);
  }
}

const PRINTER: string = ""; // its address, such as http://10.0.0.9/print

async function printed(text: string) {
  console.log(text); // kept with the task: tq logs shows it
  if (PRINTER === "") return;
  const signal = currentTask()?.signal ?? null; // aborts the request at the timeout, or when the task is cancelled
  const response = await fetch(PRINTER, { method: "POST", body: text, signal });
  if (!response.ok) throw new Error(\`The printer answered \${response.status}\`);
}
`,
};
