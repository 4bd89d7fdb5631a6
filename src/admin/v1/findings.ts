/** The operation that looks for what is wrong, as `tq doctor` and `/readyz` do. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { examine, findings } from "../../doctor/examine.ts";
import { TqError } from "../../errors.ts";
import { quote } from "../../quote.ts";
import { didYouMean } from "../../suggest.ts";
import type { AdminEnv } from "../access/access.ts";
import type { AdminOptions } from "../app.ts";

import { readQuery } from "../input/queries.ts";
import { operation, reads } from "./operation.ts";
import { queryField } from "./task-query.ts";

const FINDINGS = v.object({
  findings: v.array(
    v.object({
      check: v.pipe(v.string(), v.description("Which check has found it: a word for scripts")),
      message: v.pipe(v.string(), v.description("What is wrong, and where")),
      advice: v.pipe(v.string(), v.description("What to do; empty where the message says it")),
    }),
  ),
  checks: v.optional(
    v.array(
      v.object({
        check: v.string(),
        subject: v.pipe(v.string(), v.description("What it looks at")),
        well: v.boolean(),
        fact: v.pipe(v.string(), v.description("What it has seen, where all is well")),
        hint: v.pipe(
          v.string(),
          v.description("What to think of, though nothing need be wrong; mostly empty"),
        ),
      }),
    ),
  ),
});

const LOOKS = ["doctor", "ready"] as const;

const START = "Cannot look for findings";

export function findingOperations(options: AdminOptions) {
  return new Hono<AdminEnv>().get(
    "/findings",
    operation({
      id: "listFindings",
      tag: "settings",
      roles: ["read"],
      summary: "Look for what is wrong, and say what to do",
      answers: { 200: { description: "What was found; none: all is well", schema: FINDINGS } },
    }),
    reads(
      "query",
      v.object({
        look: queryField(
          "doctor: all that tq doctor --quick looks at; ready: what keeps tasks from being stored and run; default: doctor",
        ),
      }),
      readLook,
    ),
    async (c) => {
      const { look } = c.req.valid("query");
      if (look === "ready") return c.json({ findings: await findings(options, "ready") });
      const checked = await examine(options, { quick: true });
      return c.json({
        findings: checked.flatMap((one) => one.findings),
        checks: checked.map(({ name, subject, fact, hint, findings: found }) => {
          return { check: name, subject, well: found.length === 0, fact, hint };
        }),
      });
    },
  );
}

function readLook(c: Context): { look: (typeof LOOKS)[number] } {
  const { look = "doctor" } = readQuery(new URL(c.req.url).searchParams, ["look"], START);
  const known = LOOKS.find((one) => one === look);
  if (known !== undefined) return { look: known };
  const near = didYouMean(look, LOOKS);
  throw new TqError(
    "invalid",
    `${START}: look cannot be ${quote(look)}: it must be ${LOOKS.join(" or ")}${near}`,
  );
}
