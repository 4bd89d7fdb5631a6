/** Asks the system whether a descriptor takes bytes: `poll` of the C library, as no function of Bun does. */
import { addressOf, loadFunction } from "../c-library.ts";

/** Of `man 2 poll`: the same on Linux and macOS. */
const POLLOUT = 4;
const POLLERR = 8;
const POLLHUP = 16;
const POLLNVAL = 32;

type Poll = (descriptor: number) => number;

/** Loaded when it is first needed. */
let poll: Poll | undefined;

/** True when a write would not wait: the descriptor has room, or the write fails at once. */
export function takesBytes(descriptor: number): boolean {
  poll ??= loadPoll();
  return (poll(descriptor) & (POLLOUT | POLLERR | POLLHUP | POLLNVAL)) !== 0;
}

function loadPoll(): Poll {
  const call = loadFunction("poll", ["ptr", "u64", "i32"]);
  if (call === null) return () => POLLOUT; // without it a write may block
  return (descriptor) => {
    const request = Int32Array.of(descriptor, POLLOUT);
    call(addressOf(request), 1, 0); // one descriptor, without waiting
    return (request[1] ?? 0) >> 16; // the answer is the second half of the word
  };
}
