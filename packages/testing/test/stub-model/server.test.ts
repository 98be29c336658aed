import { describe, expect, test } from "vitest";
import { spawnStubModel, startStubModel, stubModelName } from "../../src/stub-model/index.ts";
import { post } from "./event-stream.ts";

describe("startStubModel", () => {
  test("lists its model", async () => {
    await using stub = await startStubModel();
    const body: unknown = await (await fetch(`${stub.url}/v1/models`)).json();
    expect(body).toMatchObject({ object: "list", data: [{ id: stubModelName }] });
  });

  test("keeps a log of requests, in process and over HTTP", async () => {
    await using stub = await startStubModel();
    await (await post(`${stub.url}/v1/responses`, { input: "[[say hi]]" })).text();
    const overHttp: unknown = await (await fetch(`${stub.url}/__log`)).json();
    expect(stub.log()).toMatchObject([
      { index: 0, path: "/v1/responses", body: { input: "[[say hi]]" }, ending: "message" },
    ]);
    expect(overHttp).toEqual(stub.log());
  });

  test("the log keeps the newest five hundred requests", async () => {
    await using stub = await startStubModel();
    for (let sent = 0; sent < 502; sent += 1) {
      await (await fetch(`${stub.url}/v1/models`)).text();
    }
    expect(stub.log()).toHaveLength(500);
    expect(stub.log()[0]?.index).toBe(2);
  });

  test("an unknown path is answered with 404", async () => {
    await using stub = await startStubModel();
    expect((await post(`${stub.url}/v1/embeddings`, {})).status).toBe(404);
    expect((await fetch(`${stub.url}/v1/responses`)).status).toBe(404);
  });

  test("a body over 32 MB is refused", async () => {
    await using stub = await startStubModel();
    const answer = await post(`${stub.url}/v1/responses`, { input: "x".repeat(33 * 1024 * 1024) });
    expect(answer.status).toBe(413);
    expect((await fetch(`${stub.url}/v1/models`)).status).toBe(200);
  });

  test("closing twice is closing once", async () => {
    const stub = await startStubModel();
    await Promise.all([stub.close(), stub.close()]);
    await expect(fetch(`${stub.url}/v1/models`)).rejects.toThrow("fetch failed");
  });

  test("runs as a process of its own", async () => {
    await using stub = await spawnStubModel();
    const answer = await post(`${stub.url}/v1/responses`, { input: "hello" });
    expect(await answer.text()).toContain("echo: hello");
  });
});
