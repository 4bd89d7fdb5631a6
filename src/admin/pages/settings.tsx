/** The settings in effect, where each comes from, and the database. */
import { Hono } from "hono";
import { printable } from "../../printable.ts";
import { listSettings } from "../../settings/listed.ts";
import { formatSize } from "../../values/size.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Desk } from "./desk.tsx";
import { Fact, Table } from "./parts.tsx";
import { WORDS } from "./words.ts";

export function settingsPages(desk: Desk): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.get("/settings", desk.signedIn, async (c) => {
    const content = (
      <>
        <h1>{WORDS.pages.settings}</h1>
        <Facts {...await factsOf(desk)} />
        <p class="quiet">{WORDS.settings.intro}</p>
        <Settings desk={desk} />
      </>
    );
    return desk.show(c, { title: WORDS.pages.settings, content });
  });
  return app;
}

async function factsOf({ store, options }: Desk) {
  const { path, schema, durability, ...sizes } = await store.status();
  const { config, version } = options;
  return { path, schema, durability, ...sizes, file: config.file, version };
}

function Facts(facts: Awaited<ReturnType<typeof factsOf>>) {
  const words = WORDS.settings;
  return (
    <dl class="facts">
      <Fact name={words.version}>{facts.version}</Fact>
      <Fact name={words.file}>{printable(facts.file ?? words.noFile)}</Fact>
      <Fact name={words.database}>{printable(facts.path)}</Fact>
      <Fact name={words.schema}>{facts.schema}</Fact>
      <Fact name={words.durability}>{facts.durability}</Fact>
      <Fact name={words.size}>{formatSize(facts.file_size)}</Fact>
      <Fact name={words.wal}>{formatSize(facts.wal_size)}</Fact>
      <Fact name={words.free}>{formatSize(facts.free_size)}</Fact>
    </dl>
  );
}

function Settings({ desk }: { readonly desk: Desk }) {
  const words = WORDS.settings;
  return (
    <Table label={WORDS.pages.settings} titles={words.columns}>
      {listSettings(desk.options.config).map(({ key, words: value, origin, env, description }) => (
        <tr>
          <th scope="row">
            <code>{printable(key)}</code>
          </th>
          <td class="wrap">{printable(value)}</td>
          <td class={origin === "default" ? "quiet" : ""}>{printable(words.from(origin, env))}</td>
          <td class="wrap quiet">{description}</td>
        </tr>
      ))}
    </Table>
  );
}
