/** Names the user of this process for people who read what was done. */
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";

/** `root@shop`; a user whose name is not known, as in a container, is only a number. */
export function userAndHost(): string {
  return `${userName() ?? `user ${userInfo().uid}`}@${hostname()}`;
}

/** Bun takes the name from the environment, which a service may lack; null: there is none. */
function userName(): string | null {
  const { username } = userInfo();
  const isNamed = username !== "" && username !== "unknown"; // what Bun says without the variable USER
  return isNamed ? username : listedName(String(process.getuid?.()));
}

/** The name of the user as whom the system runs this process, whatever the environment says; null: it has none. */
export function systemName(): string | null {
  return listedName(String(process.geteuid?.())) ?? userName();
}

function listedName(id: string): string | null {
  try {
    const users = readFileSync("/etc/passwd", "utf8").split("\n");
    const [name = ""] = users.map((line) => line.split(":")).find((user) => user[2] === id) ?? [];
    return name === "" ? null : name;
  } catch {
    return null; // Windows has no such file
  }
}
