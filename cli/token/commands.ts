/** `tq token add|list|remove`: tokens of the admin API besides the one in tq.token. */
import { digestOf, newToken } from "../../src/admin/access/tokens.ts";
import { TqError } from "../../src/errors.ts";
import { ROLES } from "../../src/store/tokens.ts";
import { text } from "../../src/values/option-kinds.ts";
import { command } from "../command/command.ts";
import { toLook, withExisting } from "../command/program.ts";
import { readWords } from "../command/values.ts";
import { table } from "../terminal/table.ts";
import { paint } from "../terminal/terminal.ts";
import { formatTimeIn } from "../terminal/text.ts";

const NAME = text("the name of a token: the program or person that has it");

const NAME_FLAG = { type: "positional", description: "The program or person that has it" } as const;

export const add = command({
  name: "token add",
  description: "Make a token of the admin API, and print it once",
  examples: [["tq token add monitoring --role read", "A token that may look"]],
  flags: {
    name: NAME_FLAG,
    role: {
      type: "string",
      valueHint: ROLES.join("|"),
      description:
        "read: look at everything; push: push, and read the result and the reason of any task; admin: everything",
    },
  },
  run: async ({ name, role }, program) => {
    if (role === undefined) {
      const why = "say what it may do, with --role read, push or admin";
      throw new TqError("invalid", `Cannot add a token: ${why}`);
    }
    const roles = readWords(role, "--role", ROLES);
    const token = newToken();
    const named = { name: NAME.readText(name, "NAME"), roles: [...new Set(roles)] };
    const added = await withExisting(program.config(), (store) =>
      store.tokens.add(named, digestOf(token)),
    );
    program.answer({ ...added, token }, () => token);
    program.note("Keep it: only its digest is stored, so tq cannot show it again");
  },
});

export const list = command({
  name: "token list",
  description: "List the tokens of the admin API, without the tokens themselves",
  flags: {},
  run: async (_values, program) => {
    const tokens = await toLook(program.config(), (store) => store.tokens.list());
    const { terminal } = program;
    program.answer(tokens, () => {
      if (tokens.length === 0) return "No tokens but the one in tq.token: tq token add makes one";
      const rows = tokens.map(({ name, roles, created_at }) => [
        name,
        roles.join(", "),
        formatTimeIn(terminal.width, created_at),
      ]);
      const heading = (line: string) => paint(terminal, "bold", line);
      return table(COLUMNS, rows, { width: terminal.width, heading });
    });
  },
});

const COLUMNS = [{ title: "token", min: 8 }, { title: "roles" }, { title: "made" }] as const;

export const remove = command({
  name: "token remove",
  description: "Let nobody in any more who has this token",
  flags: { name: { ...NAME_FLAG, valueHint: "TOKEN" } },
  run: async ({ name }, program) => {
    const removed = await withExisting(program.config(), (store) => store.tokens.remove(name));
    program.answer(removed, () => `The token ${removed.name} is removed`);
  },
});
