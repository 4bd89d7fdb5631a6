/** Which file systems a database must not lie on, and how they are found. */
import { describe, expect, test } from "bun:test";
import { faultOf } from "../../src/doctor/checks/file-system.ts";
import { fileSystemOf } from "../../src/sqlite/file/examine.ts";

const MOUNTS = `
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /srv rw shared:5 - xfs /dev/sdb1 rw
31 30 0:41 / /srv/with\\040space rw - nfs4 box:/export rw,vers=4.2
32 30 0:42 / /srv/twice rw - ext4 /dev/sdc1 rw
33 32 0:43 / /srv/twice rw - fuse.sshfs box:/home rw
a line that is none
`;

test.each([
  ["/home/tq.db", "ext4"],
  ["/srv/tq.db", "xfs"],
  ["/srvs/tq.db", "ext4"],
  ["/srv/with space/tq.db", "nfs4"],
  ["/srv/twice/tq.db", "fuse.sshfs"],
])("the file system of %s is %s", (path, kind) => {
  expect(fileSystemOf(path, MOUNTS)).toBe(kind);
});

test("a system that lists no mounts leaves it unknown", () => {
  expect(fileSystemOf("/srv/tq.db", "")).toBeNull();
});

describe("a database on", () => {
  test.each([
    ["nfs4", "other machines share"],
    ["cifs", "other machines share"],
    ["9p", "other machines share"],
    ["fuse.sshfs", "a program answers for"],
    ["tmpfs", "in memory"],
    ["overlay", "in the layer of a container"],
  ])("%s is a finding", (kind, words) => {
    expect(faultOf(kind)?.message).toContain(words);
  });

  test.each(["ext4", "xfs", "btrfs", "zfs", "apfs", "f2fs", "bcachefs"])("%s is none", (kind) => {
    expect(faultOf(kind)).toBeNull();
  });
});
