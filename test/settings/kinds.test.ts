/** The kinds of settings: an address. */
import { describe, expect, test } from "bun:test";
import { splitAddress } from "../../src/settings/kinds.ts";
import { load, refusal, renewFolder } from "./folder.ts";

renewFolder();

describe("an address", () => {
  test.each([
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["localhost:65535", "localhost", 65_535],
    ["[::1]:80", "::1", 80],
  ])("%s is a host and a port", (text, hostname, port) => {
    expect(splitAddress(text)).toEqual({ hostname, port });
  });

  test.each(["8989", ":8989", "localhost", "::1:80", "a:65536", "http://a:80", "a b:1", "[x]:1"])(
    "%s is none",
    (text) => {
      expect(splitAddress(text)).toBeNull();
      expect(refusal(() => load({ flags: { "admin.listen": text } }))).toStartWith(
        "--listen cannot",
      );
    },
  );
});
