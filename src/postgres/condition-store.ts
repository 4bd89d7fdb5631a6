/** To be built. */
export class PostgresCondition {
  constructor(..._: any[]) {}
  [name: string]: any;
}
