/** To be built. */
export function isAlive(..._: any[]): any {
  throw new Error("to be built: isAlive");
}
export function listWorkers(..._: any[]): any {
  throw new Error("to be built: listWorkers");
}
export function register(..._: any[]): any {
  throw new Error("to be built: register");
}
export function ts(..._: any[]): any {
  throw new Error("to be built: ts");
}
export function unregister(..._: any[]): any {
  throw new Error("to be built: unregister");
}
