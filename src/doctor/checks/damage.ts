/** The file is whole. */
import type { Check } from "../check.ts";
import { some } from "../examination.ts";

export const damage: Check = {
  name: "damage",
  subject: "the file is whole",
  looks: ["doctor"],
  on: "file",
  isSlow: true,
  async find({ health: { store } }) {
    const faults = await store.condition.damage();
    if (faults.length === 0) return [];
    const message = `${store.name} is damaged: ${some(faults, 3)}`;
    const advice =
      "stop every program that uses it, keep a copy of all its files, and restore a backup; sqlite3 FILE .recover may save what no backup has";
    return [{ message, advice }];
  },
};
