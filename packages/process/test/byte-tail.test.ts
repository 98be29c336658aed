import { expect, test } from "vitest";
import { ByteTail } from "../src/byte-tail.ts";

function tailOf(chunks: readonly string[], limitBytes: number): string {
  const tail = new ByteTail(limitBytes);
  for (const chunk of chunks) tail.push(Buffer.from(chunk));
  return tail.text;
}

test("what fits is kept whole", () => {
  expect(tailOf(["ab", "", "cd"], 4)).toBe("abcd");
  expect(tailOf([], 4)).toBe("");
});

test("of what does not fit the end is kept, whatever the chunks", () => {
  expect(tailOf(["ab", "cde"], 4)).toBe("bcde");
  expect(tailOf(["abcdef"], 4)).toBe("cdef");
  expect(tailOf(["ab", "cdefgh", "i"], 4)).toBe("fghi");
  expect(tailOf(["abc"], 0)).toBe("");
});

test("a cut tail begins with a whole character", () => {
  expect(tailOf(["a😀b"], 4)).toBe("b");
  expect(tailOf(["a😀b"], 5)).toBe("😀b");
  expect(tailOf(["€", "€"], 5)).toBe("€");
});
