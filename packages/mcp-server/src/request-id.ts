/** How much of each end of a line is looked at. */
export const endBytes = 512;

const value = String.raw`("[^"\\\u0000-\u001f]{0,200}"|0|-?[1-9]\d{0,14})\s*`;

/** The members with which a message may begin, one after another; what else comes ends the search. */
const leading = new RegExp(String.raw`[{,]\s*"(jsonrpc|id|method)"\s*:\s*${value}`, "gy");

/** An id as the last member. No text can pass for one: within a text its quotes would be escaped. */
const trailing = new RegExp(String.raw`[{,]\s*"id"\s*:\s*${value}\}\s*$`);

/**
 * The id of a request that can not be parsed, so that its sender is told and need not wait. It is looked for at
 * the two ends of the line only, where clients write it.
 *
 * @returns null where none is found, or it is no request: an answer's id is another party's
 */
export function requestIdOf(line: Buffer): string | number | null {
  const head = line.toString("utf8", 0, endBytes).trimStart();
  const members = new Map([...head.matchAll(leading)].map(([, name, text]) => [name, text]));
  if (!members.has("method")) return null;
  const tail = line.toString("utf8", Math.max(0, line.length - endBytes));
  const id = members.get("id") ?? trailing.exec(tail)?.[1];
  return id === undefined ? null : (JSON.parse(id) as string | number);
}

/** What is enough of a line that is too long to be kept. */
export function endsOf(pieces: readonly Buffer[]): Buffer {
  const line = Buffer.concat(pieces);
  return Buffer.concat([line.subarray(0, endBytes), line.subarray(-endBytes)]);
}
