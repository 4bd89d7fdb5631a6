/** The thumbnails of a web server. The program beside this file says how to run it. */
import { ModelSQL, type Queue, v } from "tq";

export class Picture extends ModelSQL("picture", {
  name: v.string(),
  state: v.optional(v.picklist(["new", "small"]), "new"),
}) {
  declare static readonly __queue__: Queue<typeof Picture>;

  async shrink() {
    this.state = "small"; // stands for slow work: the server answers meanwhile
    await this.save();
  }
}
