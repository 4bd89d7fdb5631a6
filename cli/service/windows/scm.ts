/** Asks the Service Control Manager of Windows for the state of a service: the words of `sc query` are those of a language. */
import { dlopen, ptr } from "bun:ffi";

/** `SERVICE_STATUS.dwCurrentState` */
export const STATES = {
  stopped: 1,
  startPending: 2,
  stopPending: 3,
  running: 4,
} as const;

export interface Look {
  /** One of `STATES`. */
  readonly state: number;
  /** An error of Windows, with which the service ended; 0: it ended well. */
  readonly exitCode: number;
  readonly pid: number;
}

/** Null where there is no such service. */
export type LookUp = (name: string) => Look | null;

const SC_MANAGER_CONNECT = 1;
const SERVICE_QUERY_STATUS = 4;
const SC_STATUS_PROCESS_INFO = 0;

/** The numbers in a `SERVICE_STATUS_PROCESS`. */
const FIELDS = 9;

/** A text as functions of Windows take it. */
export function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf16le");
}

export const lookUp: LookUp = (name) => {
  const { symbols } = dlopen("advapi32.dll", {
    OpenSCManagerW: { args: ["ptr", "ptr", "u32"], returns: "ptr" },
    OpenServiceW: { args: ["ptr", "ptr", "u32"], returns: "ptr" },
    QueryServiceStatusEx: { args: ["ptr", "i32", "ptr", "u32", "ptr"], returns: "i32" },
    CloseServiceHandle: { args: ["ptr"], returns: "i32" },
  });
  const manager = symbols.OpenSCManagerW(null, null, SC_MANAGER_CONNECT);
  if (manager === null) return null;
  const service = symbols.OpenServiceW(manager, ptr(wide(name)), SERVICE_QUERY_STATUS);
  try {
    if (service === null) return null;
    const [status, needed] = [new Uint32Array(FIELDS), new Uint32Array(1)];
    const [bytes, to] = [status.byteLength, ptr(status)];
    const kind = SC_STATUS_PROCESS_INFO;
    if (symbols.QueryServiceStatusEx(service, kind, to, bytes, ptr(needed)) === 0) return null;
    const [, state = 0, , exitCode = 0, , , , pid = 0] = status;
    return { state, exitCode, pid };
  } finally {
    if (service !== null) symbols.CloseServiceHandle(service);
    symbols.CloseServiceHandle(manager);
  }
};
