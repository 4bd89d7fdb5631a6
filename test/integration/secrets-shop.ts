/** A shop whose tasks hold secrets, and methods that say them wherever they can. */

/** Each is marked in another way; none is a part of another one. */
export const SECRETS = {
  byToml: "toml-hunter2-ä",
  byPath: "4111-1111-2222-3333",
  byModel: "model-pin-8765",
  byPlace: "place-token-4321",
  byFunction: "function-code-99",
  ofContext: "context-key-55",
  ofResult: "result-token-77",
};

export const MODELS = `
import { currentTask, Model, ModelSQL, task, v } from "tq";

export class Account extends ModelSQL("account", { name: v.string(), password: v.string() }) {}

export class Card extends Model {
  static override readonly __name__ = "card";
  static readonly redact = Object.fromEntries(
    ["charge", "refuse", "stray", "crash", "late", "slow"].map((name) => [name, ["pin", 1]]));
  static readonly tasks = { refuse: { onFailed: "told" }, slow: { timeout: "50ms" } };
  static say(args) {
    console.log("printed", JSON.stringify(args));
    currentTask().log("logged", args[1], encodeURIComponent(args[0].password));
    currentTask().log("form", new URLSearchParams({ p: args[0].password }), encodeURI(args[0].password).toLowerCase());
    currentTask().progress(1, 2, "with " + args[0].card.number);
    return args;
  }
  async charge(...args) {
    Card.say(args);
    await Account.create([{ name: "of " + args[0].pin, password: args[0].password }]);
    const byKey = { [args[1]]: { ["of " + args[0].pin]: 1 } };
    return { token: "${SECRETS.ofResult}", said: args[0].password, Password: 5, byKey };
  }
  refuse(...args) {
    Card.say(args);
    const cause = new Error(args[0].card.number + currentTask().context.key);
    cause.name = "Of" + args[0].password;
    const error = new Error("cannot charge " + args[0].password + " " + args[0].pin + " " + args[1], { cause });
    throw Object.assign(error, { name: "Refused" + args[1], code: args[0].pin });
  }
  stray(...args) {
    setTimeout(() => Promise.reject(new Error("left " + args[1])), 0);
  }
  slow(...args) {
    const { signal } = currentTask();
    signal.addEventListener("abort", () => { throw new Error("cannot charge " + args[1]); });
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("slow " + args[0].pin))));
  }
  told(failure) { console.log("heard", failure.reason); }
  crash(options) { return throw_(options); }
  late(options) { void throw_(options); }
}

function throw_({ password }) { setTimeout(() => { throw new Error("crashed " + password); }, 1); return new Promise(() => {}); }

export const call = task("call", { redact: ["code", 1] }, (options, token) => {
  throw new Error("call " + options.code + " " + token);
});
`;

export const ARGS = JSON.stringify([
  {
    password: SECRETS.byToml,
    card: { number: SECRETS.byPath, holder: "Ann Public" },
    PIN: SECRETS.byModel,
    pin: SECRETS.byModel,
    url: `https://shop.test/?p=${SECRETS.byToml}`,
  },
  SECRETS.byPlace,
]);

export const TOML = (url: string) => `
[queue]
worker = true
[admin]
redact = ["password", "card.number", "token", "key"]
[alert]
command = "cat >> alerts.txt"
every = "1s"
[worker]
max_crashes = 1
[[webhook]]
url = "${url}"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
events = ["task.finished", "task.failed"]
include = ["args"]
[cron.nightly]
schedule = "0 3 * * *"
task = "card.charge"
instances = [1]
args = ${ARGS.replaceAll('":', '" = ')}
`;
