import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endBytes, endsOf, requestIdOf } from "../src/request-id.ts";

const idOf = (line: string): string | number | null => requestIdOf(Buffer.from(line));

describe("the id of a request that can not be parsed", () => {
  test.each([
    ['{"jsonrpc":"2.0","id":7,"method":"ping","params":[[', 7],
    ['{"method":"ping","id":"a-1","params":', "a-1"],
    [' { "id" : -3 , "jsonrpc" : "2.0" , "method" : "ping" , "params" : {', -3],
    ['{"id":0,"method":"ping"', 0],
    ['{"method":"ping","params":{"text":"…"},"jsonrpc":"2.0","id":12}', 12],
  ])("is found where clients write it: %s", (line, id) => {
    expect(idOf(line)).toBe(id);
  });

  test.each([
    ["an answer's", '{"jsonrpc":"2.0","id":7,"result":{"method":"x"}}'],
    ["one of the parameters'", '{"jsonrpc":"2.0","method":"ping","params":{"id":7}}'],
    ["one in a text", '{"method":"ping","params":{},"text":"\\",\\"id\\":7}'],
    ["one of a batch", '[{"jsonrpc":"2.0","id":7,"method":"ping"}'],
    ["one that is no id", '{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}'],
    ["one with escapes", '{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}'],
    ["one that is too long", `{"jsonrpc":"2.0","id":"${"7".repeat(201)}","method":"ping"}`],
  ])("is not %s", (_, line) => {
    expect(idOf(line)).toBeNull();
  });

  test("is found in any request by what is kept of it, in whatever pieces it came", () => {
    const id = fc.oneof(fc.integer(), fc.stringMatching(/^[\w-]{1,200}$/));
    const order = fc.boolean();
    const size = fc.integer({ min: endBytes, max: 5000 });
    fc.assert(
      fc.property(id, order, size, (given, isFirst, length) => {
        const params = { text: "x".repeat(length) };
        const message = isFirst
          ? { jsonrpc: "2.0", id: given, method: "ping", params }
          : { method: "ping", params, jsonrpc: "2.0", id: given };
        const line = Buffer.from(JSON.stringify(message));
        const cut = Math.min(2 * endBytes, line.length);
        const kept = endsOf([endsOf([line.subarray(0, cut)]), line.subarray(cut)]);
        expect(kept.length).toBeLessThanOrEqual(2 * endBytes);
        expect(requestIdOf(kept)).toBe(given);
      }),
    );
  });
});
