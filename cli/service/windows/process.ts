/**
 * This process as a service of Windows: it tells the Service Control Manager what it does, and is stopped by it.
 *
 * Windows calls a service in threads of its own, which may run no JavaScript. Their one thread that must begin the service
 * gets a function of Windows that returns at once; a control comes to the main thread as an event.
 */
import { dlopen, JSCallback, type Pointer, ptr } from "bun:ffi";
import { openSync } from "node:fs";
import { setTimeout } from "../../../src/clock.ts";
import { writeStandardStreamsTo } from "../../../src/log/standard-stream.ts";
import { MINUTE_MS, SECOND_MS } from "../../../src/values/duration.ts";
import type { Send } from "../datagram.ts";
import { STATES, wide } from "./scm.ts";

const SERVICE_WIN32_OWN_PROCESS = 0x10;

/** SERVICE_ACCEPT_STOP, and SERVICE_ACCEPT_PRESHUTDOWN, which leaves more time than that of a shutdown. */
const ACCEPTED = 0x1_01;

const CONTROLS_THAT_STOP = new Set([1, 0xf]);

/** Models may take long to load. */
const START_HINT_MS = 5 * MINUTE_MS;

/** Until the worker says what its stop may take. */
const STOP_HINT_MS = 10 * SECOND_MS;

/** The handler can be registered once the manager has begun the service, which it does within 30 s. */
const REGISTER_AGAIN_MS = 20;
const REGISTER_TRIES = 1_500;

type Address = Pointer | bigint;

interface Service {
  readonly name: string;
  readonly folder: string;
  readonly log: string;
}

/** @returns what a worker says to its manager, in the words of `man 3 sd_notify`, is said to that of Windows */
export function becomeService({ name, folder, log }: Service): Send {
  process.chdir(folder);
  writeStandardStreamsTo(openSync(log, "a"));
  const service = new WindowsService(name);
  service.begin();
  process.on("exit", () => service.ended());
  return service.send;
}

class WindowsService {
  readonly #name: Buffer;
  readonly #windows = functions();
  readonly #table: BigUint64Array;
  readonly #onControl = new JSCallback((control: number) => this.#controlled(control), {
    args: ["u32", "u32", "ptr", "ptr"],
    returns: "u32",
    threadsafe: true,
  });
  #handle: Address | null = null;
  #status = { state: STATES.startPending as number, hint: START_HINT_MS };
  #isStopping = false;

  constructor(name: string) {
    this.#name = wide(name);
    const begins = this.#windows.address("kernel32.dll", "GetCurrentThreadId");
    this.#table = BigUint64Array.of(BigInt(ptr(this.#name)), BigInt(begins), 0n, 0n);
  }

  begin(): void {
    const dispatch = this.#windows.address("advapi32.dll", "StartServiceCtrlDispatcherW");
    this.#windows.CreateThread(null, 0, dispatch, ptr(this.#table), 0, null);
    this.#register(REGISTER_TRIES);
  }

  #register(tries: number): void {
    const { ptr: handler } = this.#onControl;
    this.#handle = this.#windows.RegisterServiceCtrlHandlerExW(ptr(this.#name), handler, null);
    if (this.#handle !== null) this.#tell();
    else if (tries > 1) setTimeout(() => this.#register(tries - 1), REGISTER_AGAIN_MS);
  }

  readonly send: Send = (text) => {
    if (text.startsWith("READY=1")) this.#is(STATES.running, 0);
    const [, limit] = /^EXTEND_TIMEOUT_USEC=(\d+)$/m.exec(text) ?? [];
    if (limit !== undefined && this.#isStopping)
      this.#is(STATES.stopPending, Math.ceil(Number(limit) / 1_000));
    return true;
  };

  #controlled(control: number): number {
    if (!CONTROLS_THAT_STOP.has(control)) return 0;
    this.#isStopping = true;
    this.#is(STATES.stopPending, STOP_HINT_MS);
    if (process.listenerCount("SIGTERM") === 0) process.exit(0);
    process.emit("SIGTERM", "SIGTERM");
    return 0;
  }

  /** One that ends without being asked to says nothing: to Windows it has failed, and is started again. */
  ended(): void {
    if (this.#isStopping) this.#is(STATES.stopped, 0);
  }

  #is(state: number, hint: number): void {
    this.#status = { state, hint };
    this.#tell();
  }

  #tell(): void {
    if (this.#handle === null) return;
    const { state, hint } = this.#status;
    const accepted = state === STATES.stopped || state === STATES.stopPending ? 0 : ACCEPTED;
    const numbers = [SERVICE_WIN32_OWN_PROCESS, state, accepted, 0, 0, 0, hint];
    this.#windows.SetServiceStatus(this.#handle, ptr(Uint32Array.from(numbers)));
  }
}

function functions() {
  const { symbols: kernel } = dlopen("kernel32.dll", {
    LoadLibraryW: { args: ["ptr"], returns: "ptr" },
    GetProcAddress: { args: ["ptr", "ptr"], returns: "ptr" },
    CreateThread: { args: ["ptr", "u64", "ptr", "ptr", "u32", "ptr"], returns: "ptr" },
  });
  const { symbols: services } = dlopen("advapi32.dll", {
    RegisterServiceCtrlHandlerExW: { args: ["ptr", "ptr", "ptr"], returns: "ptr" },
    SetServiceStatus: { args: ["ptr", "ptr"], returns: "i32" },
  });
  return {
    ...kernel,
    ...services,
    address(library: string, name: string): Address {
      const module = kernel.LoadLibraryW(ptr(wide(library)));
      const address = kernel.GetProcAddress(module, ptr(Buffer.from(`${name}\0`)));
      if (address === null) throw new Error(`${library} has no ${name}`);
      return address;
    },
  };
}
