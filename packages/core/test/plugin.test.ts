import { acceptsApi } from "@agent-bridge/core";
import { expect, test } from "vitest";

test.each([
  [1, [1]],
  ["2", [2]],
  ["1 - 3", [1, 2, 3]],
  [">=3", [3, 4]],
  ["1 || 3 - 4", [1, 3, 4]],
  ["^1", []],
  ["", []],
  ["1.0", []],
  [1.5, []],
])("the API range %j holds just its versions", (range, held) => {
  expect([1, 2, 3, 4].filter((version) => acceptsApi(range, version))).toEqual(held);
});
