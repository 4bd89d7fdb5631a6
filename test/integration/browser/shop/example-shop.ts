/** A shop as the documents show it: an hour of history, some tasks that run and wait, some that have failed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Shop } from "../browser.ts";
import { fillHistory } from "./history.ts";

export class ExampleShop extends Shop {
  running = 0;
  failed = 0;

  static async withHistory(): Promise<ExampleShop> {
    const shop = new ExampleShop();
    for (const name of ["models.ts", "tq.toml"]) {
      shop.write(name, readFileSync(join(import.meta.dir, name), "utf8"));
    }
    await fillHistory(shop.file("tq.db"), Math.floor(Date.now() / 60_000) * 60_000);
    await shop.open();
    await shop.#fill();
    return shop;
  }

  async #fill(): Promise<void> {
    await this.run("cron", "run", "prices");
    await this.run("cron", "run", "backup");
    await this.run("backup", "backup.db");
    const [first = 0] = await this.push("print_labels", "[40]", "--queue", "labels");
    for (let sheets = 3; sheets < 8; sheets++) {
      await this.push("print_labels", `[${sheets}]`, "--queue", "labels");
    }
    const when = ["--scheduled-at", "2h"];
    await this.push("send_newsletter", "[49]", "--queue", "mail", ...when);
    await this.run(
      "pause",
      "import",
      "--reason",
      "the supplier changes its format",
      "--until",
      "6h",
    );
    await this.becomes(first, "running");
    this.running = first;
    this.failed = this.one<{ id: number }>(
      "SELECT max(id) AS id FROM tq__task WHERE state = 'failed' AND queue = 'shipping'",
    ).id;
  }
}
