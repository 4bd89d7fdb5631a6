/** The flags that say an option of a push. Commands that push nothing start without its tables. */
import { presetWords, type Row } from "../../src/push/task-options.ts";
import type { Flag } from "./flags.ts";

/** A flag for an option of a push; the help of its row is the flag's help. */
export function rowFlag({ help, preset, hint, alias }: Row & Pick<Flag, "alias">) {
  const words = preset === null ? help : `${help} (default: ${presetWords(preset)})`;
  return {
    type: "string",
    description: words,
    ...(hint === undefined ? {} : { valueHint: hint }),
    ...(alias === undefined ? {} : { alias }),
  } as const;
}
