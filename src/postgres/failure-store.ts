/** To be built. */
export class PostgresFailures {
  constructor(..._: any[]) {}
  [name: string]: any;
}
