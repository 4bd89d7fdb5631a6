/**
 * Tasks pushed over HTTP by a program of the same host. In a copy of this folder:
 *
 *   tq init
 *   tq worker --admin &        # or tq serve, which runs no tasks
 *   python3 push.py
 */
import { Model, type Queue } from "tq";

export class Mail extends Model {
  static override readonly __name__ = "mail";
  declare static readonly __queue__: Queue<typeof Mail>;

  static async send(_mail: Mail, to: string, options: { subject: string }) {
    console.log(`to ${to}: ${options.subject}`);
  }
}
