/** The zone of recurring tasks that name none: one for all workers, so that no slot comes twice. */
import { describe, expect, test } from "bun:test";
import { clock, register, store } from "./subject.ts";

const BERLIN = "Europe/Berlin";
const TOKYO = "Asia/Tokyo";
const DEFINITIONS = [
  { name: "nightly", definition: '{"schedule":"@daily","task":"night.run"}' },
  {
    name: "there",
    definition: '{"schedule":"@daily","task":"night.run","time_zone":"Asia/Tokyo"}',
  },
];

async function row(name = "nightly") {
  return (await store.cron.rows()).find((one) => one.name === name);
}

export function cronZoneTests(): void {
  describe("the zone of recurring tasks that name none", () => {
    test("is that of the first worker, and stays so while another one has it", async () => {
      await register("w1");
      await register("w2");
      await store.cron.define({ origin: "/tq.toml", definitions: DEFINITIONS });
      expect(await row()).toMatchObject({ zone: null });
      expect(await store.cron.followZone("w1", BERLIN)).toBe(BERLIN);
      expect(await store.cron.followZone("w2", TOKYO)).toBe(BERLIN);
      expect(await store.cron.followZone("w1", BERLIN)).toBe(BERLIN);
      expect(await row()).toMatchObject({ zone: BERLIN, former: [] });
    });

    test("is another one once all live workers have that; slots until then are the former ones", async () => {
      await register("w1");
      await register("w2");
      await store.cron.define({ origin: "/tq.toml", definitions: DEFINITIONS });
      await store.cron.followZone("w1", BERLIN);
      await store.cron.followZone("w2", TOKYO);
      clock.advance(5_000);
      await store.unregister("w1");
      expect(await store.cron.followZone("w2", TOKYO)).toBe(TOKYO);
      const former = [{ schedule: "@daily", zone: BERLIN, until: clock.now() }];
      expect(await row()).toMatchObject({ zone: TOKYO, former });
      expect(await row("there")).toMatchObject({ former: [] });
    });

    test("moves with a machine whose one worker starts anew in another zone", async () => {
      await register("w1");
      await store.cron.followZone("w1", BERLIN);
      await store.unregister("w1");
      await register("w2");
      expect(await store.cron.followZone("w2", TOKYO)).toBe(TOKYO);
    });
  });
}
