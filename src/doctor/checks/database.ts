/** The database can be read, and is still the file that was opened. */
import type { Check } from "../check.ts";

/** An error of it ends the look: `tq doctor` makes a finding of it. */
export const database: Check = {
  name: "database",
  subject: "the database can be read",
  looks: ["health", "ready", "status", "doctor"],
  async find({ health: { store } }) {
    await store.get(0); // only to read the database: no task has this id
    await store.check();
    return [];
  },
  fact: async ({ health: { store } }) => store.name,
};
