import { expect, test } from "vitest";
import { ann, ben, startMcp } from "./fixtures/bridges.ts";
import { rawClient } from "./fixtures/raw-client.ts";

test("two clients that number their requests alike are each answered their own, as who they are", async () => {
  const { mcp, bridge } = await startMcp();
  const { task } = await bridge.as(ann).start({ payload: { text: "of Ann" } });
  const clients = { ann: rawClient(mcp, ann), ben: rawClient(mcp, ben) };
  const ask = async (client: keyof typeof clients) =>
    await Promise.all(
      Array.from({ length: 10 }, async () =>
        JSON.stringify(
          await clients[client].request("tools/call", { name: "task_list", arguments: {} }),
        ),
      ),
    );
  const [ofAnn, ofBen] = await Promise.all([ask("ann"), ask("ben")]);
  expect(ofAnn.filter((text) => text.includes(task.id))).toHaveLength(10);
  expect(ofBen.filter((text) => text.includes(task.id))).toEqual([]);
  for (const { unasked } of Object.values(clients)) expect(unasked).toEqual([]);
});
