/** Tasks can be pushed: the queue has room, and its file can be written. */
import { type Check, fromSentence } from "../check.ts";

export const pushes: Check = {
  name: "pushes_refused",
  subject: "tasks can be pushed",
  looks: ["health", "ready", "status", "doctor"],
  async find({ health: { store } }) {
    const refusal = await store.pushRefusal();
    return refusal === null ? [] : [fromSentence(refusal, "")];
  },
};
