/** A call as the lists show it, in the filter of a command line or a query: it stands for a model and a method. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { FUNCTION_METHOD } from "../task.ts";

/** Its name, after the dashes of a flag too. */
export const CALL = "call";

export const CALL_HELP =
  "Only tasks of this call, as the list shows it: sale.process, or a function's name";

/**
 * Adds its model and its method to the texts of a filter. A name of a model may have dots, and that of a method has none.
 *
 * @param dashes stand before each name in a refusal: `--`
 * @throws TqError "invalid"
 */
export function addCall(call: string, texts: Map<string, string>, dashes: "--" | "" = ""): void {
  if (texts.has("model") || texts.has("method")) {
    const both = `${dashes}model and ${dashes}method`;
    const why = `${dashes}${CALL} says the model and the method: leave out ${both}`;
    throw new TqError("invalid", why);
  }
  const dot = call.lastIndexOf(".");
  const [model, method] =
    dot === -1 ? [call, FUNCTION_METHOD] : [call.slice(0, dot), call.slice(dot + 1)];
  if (model === "" || method === "") {
    const why = "it must be a call as tq list shows it: sale.process, or the name of a function";
    throw new TqError("invalid", `${dashes}${CALL} cannot be ${quote(call)}: ${why}`);
  }
  texts.set("model", model);
  texts.set("method", method);
}
