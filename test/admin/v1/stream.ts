/** A client of a stream of server-sent events. */

export interface ReceivedEvent {
  readonly id: string;
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read into it
  readonly data: any;
}

export class StreamReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";
  /** The last id that was heard, with or without an event. */
  lastId = "";
  /** Comment lines that were heard. */
  comments = 0;

  constructor(response: Response) {
    if (response.body === null) throw new Error("the answer has no body");
    this.#reader = response.body.getReader();
  }

  /** The next event; null: the stream has ended. */
  async next(): Promise<ReceivedEvent | null> {
    for (;;) {
      const block = await this.nextBlock();
      if (block === null) return null;
      if (block.name !== "") return block;
    }
  }

  /** The next part, be it an event or a comment. */
  async nextBlock(): Promise<ReceivedEvent | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return this.#read(block);
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  #read(block: string): ReceivedEvent {
    const lines = block.split("\n");
    const field = (name: string) =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    if (lines.some((line) => line.startsWith(":"))) this.comments += 1;
    this.lastId = field("id") ?? this.lastId;
    const data = field("data");
    return { id: this.lastId, name: field("event") ?? "", data: data && JSON.parse(data) };
  }

  async take(count: number): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === null) break;
      events.push(event);
    }
    return events;
  }

  async [Symbol.asyncDispose]() {
    await this.#reader.cancel();
  }
}

/** An event in few words: `task.pushed 7`. */
export function words({ name, data }: ReceivedEvent): string {
  return data.id === undefined ? name : `${name} ${data.id}`;
}
