/** The stream of events: a client hears of pushes, ends and pauses as they are committed, by any process. */
import { Hono } from "hono";
import * as v from "valibot";
import { TqError } from "../../errors.ts";
import { matches } from "../../patterns.ts";
import { quote } from "../../quote.ts";
import type { ReadFilter } from "../../store/looking.ts";
import type { AdminEnv } from "../access/access.ts";
import { Feed } from "../events/feed.ts";
import type { EventFilter } from "../events/page.ts";
import { readPosition } from "../events/position.ts";
import { readFilter } from "../input/queries.ts";
import type { ApiOptions } from "./api.ts";
import { operation, reads } from "./operation.ts";
import { queryField } from "./task-query.ts";

const QUERY = v.object({
  queue: queryField("Only events of tasks of this queue; * and ? make a pattern"),
  model: queryField("Only events of tasks of this model; a pattern, too"),
  state: queryField("Only events of tasks in these states, as they are when it is told"),
  after: queryField(
    "The id of an event: it goes on after that; the header Last-Event-ID comes first",
  ),
});

const FIELDS = Object.keys(QUERY.entries);

export function eventOperations({ store, report, closing, stillMay }: ApiOptions) {
  const feed = new Feed({ store, report, stillMay: (caller) => stillMay(caller, "read") });
  closing?.addEventListener("abort", () => feed.close());
  return new Hono<AdminEnv>().get(
    "/",
    operation({
      id: "streamEvents",
      tag: "events",
      summary: "Follow pushes, ends of tasks and changes of pauses as server-sent events",
      roles: ["read"],
      answers: {
        200: {
          description: "Events, until the client or the server ends the connection",
          type: "text/event-stream",
          schema: v.string(),
        },
      },
    }),
    reads("query", QUERY, (c) => {
      const search = new URL(c.req.url).searchParams;
      const last = c.req.header("last-event-id") ?? search.get("after") ?? "";
      return {
        filter: readEventFilter(search, store.now()),
        from: last === "" ? null : readPosition(last),
      };
    }),
    async (c) => {
      const { filter, from } = c.req.valid("query");
      const body = await feed.open(c.get("caller"), filter, from);
      return c.body(body, 200, {
        "Content-Type": "text/event-stream; charset=utf-8",
        "X-Accel-Buffering": "no", // nginx would keep events back
      });
    },
  );
}

/** @throws TqError "invalid" */
function readEventFilter(search: URLSearchParams, now: number): EventFilter {
  const tasks = new URLSearchParams(search);
  tasks.delete("after");
  for (const name of tasks.keys()) {
    if (FIELDS.includes(name)) continue;
    const message = `Cannot stream events: ${quote(name)} is not a field; there are ${FIELDS.join(", ")}`;
    throw new TqError("invalid", message);
  }
  const { queue, model, states }: ReadFilter = readFilter(tasks, now, {
    verb: "stream events of",
    hasLimit: false,
  });
  return {
    key: JSON.stringify([queue, model, states]),
    takes: (task) =>
      (queue === undefined || matches(queue, task.queue)) &&
      (model === undefined || matches(model, task.model)) &&
      (states === undefined || states.includes(task.state)),
  };
}
