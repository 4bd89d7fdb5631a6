/** The way in for plain functions, which have neither method nor instances, with the clients that people have. */
import { expect, test } from "bun:test";
import { systemClock } from "../../../src/clock.ts";
import { makeStore } from "../../support/store.ts";
import { CLIENTS } from "./client-process.ts";

for (const client of CLIENTS) {
  client.needs.describe(`tq_push of a function from ${client.name}`, () => {
    test("takes neither method nor instances for a function", async () => {
      await using subject = makeStore({ clock: systemClock });
      const { err } = await client.run(
        subject.path,
        `INSERT INTO tq_push (model, args) VALUES ('thumbnail', '["a.png", 200]');
         INSERT INTO tq_push (model, kwargs, attempts) VALUES ('thumbnail', '{"width": 7}', 3);`,
      );
      expect(err).toBe("");
      const call = { model: "thumbnail", method: "call", instances: [] };
      expect(await subject.store.list()).toMatchObject([
        { ...call, args: [{ width: 7 }], policy: { attempts: 3 } },
        { ...call, args: ["a.png", 200] },
      ]);
    });

    test("refuses instances without a method, and a method without instances", async () => {
      await using subject = makeStore({ clock: systemClock });
      const { err } = await client.run(
        subject.path,
        `INSERT INTO tq_push (model, instances) VALUES ('thumbnail', '[7]');
         INSERT INTO tq_push (model, method) VALUES ('thumbnail', 'process');
         INSERT INTO tq_push (model, method, instances) VALUES ('thumbnail', 'call', '[]');`,
      );
      expect(err.split("\n").filter((line) => line.includes("tq_push"))).toEqual([
        expect.stringContaining("tq_push: method must be the name of a method, as text"),
        expect.stringContaining("tq_push: instances must be JSON: an id, or a list of ids"),
        expect.stringContaining("tq_push: instances is an empty list"),
      ]);
      expect(await subject.store.list()).toEqual([]);
    });
  });
}
