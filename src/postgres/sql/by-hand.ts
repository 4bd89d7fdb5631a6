/** To be built. */
export const BY_HAND = "cancelled by hand";
export function cancel(..._: any[]): any {
  throw new Error("to be built: cancel");
}
export function clean(..._: any[]): any {
  throw new Error("to be built: clean");
}
export function countCleanable(..._: any[]): any {
  throw new Error("to be built: countCleanable");
}
export function deleteOne(..._: any[]): any {
  throw new Error("to be built: deleteOne");
}
export function moveMany(..._: any[]): any {
  throw new Error("to be built: moveMany");
}
export function place(..._: any[]): any {
  throw new Error("to be built: place");
}
export function retryByHand(..._: any[]): any {
  throw new Error("to be built: retryByHand");
}
