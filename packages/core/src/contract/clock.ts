/**
 * Time as a parameter, so that tests and simulations own it.
 */
export interface Clock {
  /** The wall clock in epoch milliseconds: for what people read. It may jump. */
  now(): number;
  /** Milliseconds on a scale that never jumps and begins near the epoch time of its start: for leases and time-outs. */
  steady(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. Keeps no timer afterwards. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms` unless stopped. */
  timer(ms: number, callback: () => void): { stop(): void };
}

/** Random bytes as a parameter; ids are made of 16 of them. */
export interface Random {
  bytes(count: number): Uint8Array;
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** An id of 128 random bits: the prefix, an underscore, and 26 characters that are safe in any path or URL. */
export function newId(prefix: string, random: Random): string {
  const bytes = random.bytes(16);
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let index = 0; index < 26; index++) {
    text = (alphabet[Number(value & 31n)] as string) + text;
    value >>= 5n;
  }
  return `${prefix}_${text}`;
}
