/** Sends JSON to a server. */
export function post(url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The data of all events of a stream that ends well. */
export function eventsIn(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(
    ([, data]) => JSON.parse(data ?? "") as Record<string, unknown>,
  );
}

/** What could be read of a body before its connection was lost, and whether it was. */
export async function readUntilLost(
  response: Response,
): Promise<{ text: string; isLost: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
    return { text, isLost: false };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text, isLost: true };
  }
}
