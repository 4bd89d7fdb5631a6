/** To be built. */
export class Capacity {
  constructor(..._: any[]) {}
  async check() {}
  async refusal() {
    return null;
  }
}
