import { expect, test } from "vitest";
import { LineSplitter } from "../src/line-splitter.ts";

function split(
  chunks: readonly Buffer[],
  limitBytes = 1024,
): { lines: string[]; isWhole: boolean } {
  const splitter = new LineSplitter(limitBytes);
  const lines: string[] = [];
  const isWhole = chunks.every((chunk) => splitter.push(chunk, (line) => lines.push(line)));
  const rest = splitter.flush();
  return { lines: rest === undefined ? lines : [...lines, rest], isWhole };
}

const text = "é€😀\n\n\r\nlast\r\nhälf";
const lines = ["é€😀", "", "", "last", "hälf"];

test("wherever the bytes are cut in three, the lines are the same", () => {
  const bytes = Buffer.from(text);
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      const chunks = [
        bytes.subarray(0, first),
        bytes.subarray(first, second),
        bytes.subarray(second),
      ];
      expect(split(chunks).lines).toEqual(lines);
    }
  }
});

test("a chunk may be changed after it was given", () => {
  const chunk = Buffer.from("begin");
  const splitter = new LineSplitter(100);
  const found: string[] = [];
  splitter.push(chunk, (line) => found.push(line));
  chunk.fill("x");
  splitter.push(Buffer.from(" end\n"), (line) => found.push(line));
  expect(found).toEqual(["begin end"]);
});

test("bytes that are no UTF-8 become replacement characters, and only they", () => {
  expect(split([Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3])]).lines).toEqual([
    "a\ufffdb",
    "\ufffd",
  ]);
});

test("the limit counts the bytes of one line, without its line feed", () => {
  expect(split([Buffer.from("four\nfour\n")], 4)).toEqual({
    lines: ["four", "four"],
    isWhole: true,
  });
  expect(split([Buffer.from("four\nfiver\n")], 4)).toMatchObject({ isWhole: false });
});

test("a line is too long as soon as it is, also before it ends and however it comes", () => {
  expect(split([Buffer.from("fi"), Buffer.from("ver")], 4).isWhole).toBe(false);
  expect(split([Buffer.from("fi"), Buffer.from("ver\n")], 4).isWhole).toBe(false);
  expect(split([Buffer.from("fo"), Buffer.from("ur"), Buffer.from("\n")], 4).isWhole).toBe(true);
});

test("a line of a megabyte that comes byte by byte is put together without copying it again and again", () => {
  const byte = Buffer.from("z");
  const splitter = new LineSplitter(2 ** 21);
  const found: string[] = [];
  const startedAt = performance.now();
  for (let count = 0; count < 2 ** 20; count += 1) splitter.push(byte, (line) => found.push(line));
  splitter.push(Buffer.from("\n"), (line) => found.push(line));
  expect(found.map((line) => line.length)).toEqual([2 ** 20]);
  // Copying it for every byte would be half a terabyte.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
