/** The file of a service of macOS: `man 5 launchd.plist`. */
import { join } from "node:path";
import { SECOND_MS } from "../../../src/values/duration.ts";
import { MADE_BY } from "../files.ts";
import type { Runs } from "../manager.ts";
import type { Plan } from "../plan.ts";
import { escapeXml, unescapeXml } from "../xml.ts";

/** Longer than the grace; launchd then kills the worker. */
const AFTER_GRACE_S = 10;

/** The path of the log that such a file names. */
export function logOf(plist: string): string {
  return stringsOf(plist, "StandardErrorPath")[0] ?? "";
}

/** The command of such a file. */
export function runsOf(plist: string): Runs {
  const command = stringsOf(plist, "ProgramArguments");
  return { command, folder: stringsOf(plist, "WorkingDirectory")[0] ?? "" };
}

function stringsOf(plist: string, key: string): string[] {
  const [, value = ""] = new RegExp(`<key>${key}</key>([^]*?)(?:<key>|</dict>)`).exec(plist) ?? [];
  return [...value.matchAll(/<string>(.*?)<\/string>/g)].map(([, text = ""]) => unescapeXml(text));
}

type Value = string | number | boolean | readonly string[];

export function plistOf(plan: Plan): string {
  const { label, command, folder, user, grace } = plan;
  const log = join(plan.writes, `${label}.log`); // the one folder that its user can surely write
  const entries: [key: string, value: Value][] = [
    ["Label", label],
    ["ProgramArguments", command],
    ["WorkingDirectory", folder],
    ...(user === null ? [] : [["UserName", user.name] satisfies [string, string]]),
    ["RunAtLoad", true],
    ["KeepAlive", true],
    ["ThrottleInterval", 5],
    ["ExitTimeOut", Math.ceil(grace / SECOND_MS) + AFTER_GRACE_S],
    ["StandardOutPath", log],
    ["StandardErrorPath", log],
  ];
  const lines = entries.flatMap(([key, value]) => [`  <key>${key}</key>`, ...valueLines(value)]);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${MADE_BY} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
${lines.join("\n")}
</dict>
</plist>
`;
}

function valueLines(value: Value): string[] {
  if (typeof value === "boolean") return [`  <${value}/>`];
  if (typeof value === "number") return [`  <integer>${value}</integer>`];
  if (typeof value === "string") return [`  <string>${escapeXml(value)}</string>`];
  const items = value.map((item) => `    <string>${escapeXml(item)}</string>`);
  return ["  <array>", ...items, "  </array>"];
}
