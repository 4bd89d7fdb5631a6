/** To be built. */
export class PostgresWebhooks {
  constructor(..._: any[]) {}
  [name: string]: any;
}
