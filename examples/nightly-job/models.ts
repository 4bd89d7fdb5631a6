/**
 * A job that runs each night. The system's timer pushes the task, and a worker that runs as a service does the work. In a
 * copy of this folder, after `tq init`:
 *
 *   tq worker                                        # as a service
 *   15,45 2 * * *  cd /srv/shop && ./nightly.sh      # a line of crontab -u shop -e
 *
 * A ref makes it one task a day, however often the timer fires: at 2:45 the script says whether the task has failed, and
 * cron mails that. A machine that was off makes up for it with a timer of systemd: OnCalendar=02:15, Persistent=true.
 */
import { Model, ModelSQL, type Queue, v } from "tq";

export class Reminder extends ModelSQL("reminder", {
  customer: v.string(),
  days: v.number(),
  sent: v.optional(v.boolean(), false),
}) {
  declare static readonly __queue__: Queue<typeof Reminder>;

  async send() {
    if (this.sent) return; // pushed twice, as after a retry of the night's task
    console.log(`reminds ${this.customer} after ${this.days} days`);
    this.sent = true;
    await this.save();
  }
}

/** A model without a table: its records are made from any ids. */
export class Nightly extends Model {
  static override readonly __name__ = "nightly";

  /** Finds the work, and pushes a task for each record. All of them are pushed, or none. */
  static async run() {
    const due = await Reminder.search([
      ["sent", "=", false],
      ["days", ">", 30],
    ]);
    for (const reminder of due) await Reminder.__queue__.send(reminder);
  }
}
