/** Tasks can be pushed: the queue has room, and its file can be written. */
import { type Check, fromSentence } from "../check.ts";

const OTHERS = "whether others can, tq doctor says to the user of the service";

export const pushes: Check = {
  name: "pushes_refused",
  subject: "tasks can be pushed",
  looks: ["health", "ready", "status", "doctor"],
  async find({ health: { store } }) {
    const refusal = await store.pushRefusal();
    return refusal === null ? [] : [fromSentence(refusal, "")];
  },
  async hint({ health: { store } }) {
    const why = await store.condition.lacksRight();
    return why === null ? "" : `not by this user: ${why}; ${OTHERS}`;
  },
};
