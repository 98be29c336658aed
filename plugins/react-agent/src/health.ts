import { describeError, type RunnerHealth } from "@agent-bridge/core";
import type { ReactOptions } from "./plugin-options.ts";

/** How long the endpoint may take to answer. */
const limitMs = 5_000;

/** Looks whether the endpoint answers, and takes the key. Calls no model. */
export async function checkHealth(
  { baseUrl, apiKey, headers }: ReactOptions,
  signal: AbortSignal,
): Promise<RunnerHealth> {
  const health = { version: null, path: baseUrl };
  const url = `${baseUrl.replace(/\/+$/, "")}/models`;
  try {
    const response = await fetch(url, {
      headers: {
        ...headers,
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
    });
    await response.body?.cancel();
    const { status } = response;
    if (status === 401 || status === 403) {
      const problem = `${baseUrl} refuses the key (${status}). Check \`apiKey\` in the plugin's options.`;
      return { ...health, ready: false, problems: [problem] };
    }
    // Some endpoints list no models; that one answers is enough.
    return {
      ...health,
      ready: status < 500,
      problems: status < 500 ? [] : [answered(baseUrl, status)],
    };
  } catch (error) {
    const problem = `${baseUrl} does not answer: ${describeError(error)}. Check \`baseUrl\`, and whether the server runs.`;
    return { ...health, ready: false, problems: [problem] };
  }
}

const answered = (baseUrl: string, status: number): string =>
  `${baseUrl} answers with ${status}. Look into that server's own log.`;
