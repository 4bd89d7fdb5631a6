/**
 * How often which lengths of time occurred: four buckets to each doubling, so that a value read from one is at most 12 % off.
 * Two histograms merge by adding. The worst value and the sum are exact.
 */

/** Shorter times share the first bucket. */
const LEAST_LOG2 = -6;

/** Longer times, of more than a year, come from a clock that was wrong: they are not counted. */
const MOST_LOG2 = 35;
const MOST_MS = 2 ** MOST_LOG2;

/** The upper bits of a double: its exponent, and the first two bits after the leading one. */
const SHIFT = 18;
const FIRST = ((1023 + LEAST_LOG2) << 2) - 1;

export const BUCKETS = (MOST_LOG2 - LEAST_LOG2) * 4 + 1;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** True for a length of time that counts. */
export function isMeasured(ms: number): boolean {
  return ms < MOST_MS;
}

/** The bucket of a length of time; below zero counts as zero. */
export function bucketOf(ms: number): number {
  double[0] = ms;
  const bucket = ((words[1] ?? 0) >>> SHIFT) - FIRST;
  return ms > 0 && bucket > 0 ? bucket : 0;
}

/** The value for a bucket that is the least off, in ms. */
function valueOf(bucket: number): number {
  if (bucket === 0) return 0;
  const [from, to] = [startOf(bucket), startOf(bucket + 1)];
  return (2 * from * to) / (from + to);
}

function startOf(bucket: number): number {
  const place = bucket - 1;
  return 2 ** (LEAST_LOG2 + Math.floor(place / 4)) * (1 + (place % 4) / 4);
}

/** A histogram of lengths of time. */
export class Histogram {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #worst = 0;

  get count(): number {
    return this.#count;
  }

  /** In ms, as the next two. */
  get sum(): number {
    return this.#sum;
  }

  get worst(): number {
    return this.#worst;
  }

  /** null: nothing was counted. */
  get mean(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }

  add(ms: number): void {
    if (!isMeasured(ms)) return;
    const length = Math.max(ms, 0);
    this.addCounts([[bucketOf(length), 1]], length, length);
  }

  /** Adds what is counted elsewhere, as pairs of a bucket and a count. */
  addCounts(pairs: Iterable<readonly [number, number]>, sum: number, worst: number): void {
    for (const [bucket, count] of pairs) {
      this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count;
      this.#count += count;
    }
    this.#sum += sum;
    this.#worst = Math.max(this.#worst, worst);
  }

  merge(other: Histogram): void {
    this.addCounts(other.pairs(), other.sum, other.worst);
  }

  /**
   * How many are shorter than each of these lengths of time, which only grow; each must be one at which a bucket begins, such as
   * a power of two.
   */
  shorterThan(lengths: readonly number[]): number[] {
    let bucket = 0;
    let count = 0;
    return lengths.map((ms) => {
      for (const end = bucketOf(ms); bucket < end; bucket++) count += this.#buckets[bucket] ?? 0;
      return count;
    });
  }

  /** The length of time that this share of all do not exceed; null: nothing was counted. */
  quantile(share: number): number | null {
    if (this.#count === 0) return null;
    let left = Math.max(Math.ceil(this.#count * share), 1);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#buckets[bucket] ?? 0;
      if (left <= 0) return Math.min(valueOf(bucket), this.#worst);
    }
    return this.#worst;
  }

  /** Each bucket that has some, with its count. */
  *pairs(): Generator<readonly [number, number]> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#buckets[bucket] ?? 0;
      if (count > 0) yield [bucket, count];
    }
  }

  /** The counts in few bytes: the distance from the bucket before and the count, seven bits a byte. */
  encode(): Uint8Array {
    const bytes: number[] = [];
    let before = 0;
    for (const [bucket, count] of this.pairs()) {
      pushVarint(bytes, bucket - before);
      pushVarint(bytes, count);
      before = bucket;
    }
    return Uint8Array.from(bytes);
  }

  /** Adds what `encode` has written; bytes that were damaged end it early. Thousands of rows are read so: no allocation. */
  addEncoded(bytes: Uint8Array, sum: number, worst: number): void {
    const buckets = this.#buckets;
    let total = 0;
    let bucket = 0;
    for (let at = 0; at + 1 < bytes.length;) {
      // A distance of two bytes is rare, and of three there is none.
      let byte = bytes[at++] as number;
      bucket += byte < 128 ? byte : byte - 128 + (bytes[at++] as number) * 128;
      if (!(bucket < BUCKETS)) break;
      let count = 0;
      let factor = 1;
      do {
        byte = at < bytes.length ? (bytes[at++] as number) : 0;
        count += (byte & 127) * factor;
        factor *= 128;
      } while (byte > 127);
      buckets[bucket] = (buckets[bucket] as number) + count;
      total += count;
    }
    this.#count += total;
    this.#sum += sum;
    this.#worst = Math.max(this.#worst, worst);
  }
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}
