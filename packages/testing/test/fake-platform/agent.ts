import { defaultToken } from "../../src/fake-platform/index.ts";
import type { ActivityRow } from "../../src/fake-platform/index.ts";

/** What the platform answered. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/** A workspace's agent as the platform sees it. */
export interface Agent {
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** The rows of `ws-self`, for a query such as `since_id=…`. */
  activity(query?: string): Promise<ActivityRow[]>;
}

/** Calls the platform with the headers that it demands; `headers` overrides them, "" leaves one out. */
export function agent(url: string): Agent {
  const call = async (
    path: string,
    request: RequestInit,
    headers: Record<string, string> = {},
  ): Promise<Answered> => {
    const all = { authorization: `Bearer ${defaultToken}`, origin: url, ...headers };
    const given = Object.entries(all).filter(([, value]) => value !== "");
    const response = await fetch(url + path, { ...request, headers: Object.fromEntries(given) });
    return { status: response.status, body: await response.json() };
  };
  return {
    get: (path, headers) => call(path, {}, headers),
    post: (path, body, headers) =>
      call(path, { method: "POST", body: JSON.stringify(body) }, headers),
    activity: async (query = "") => {
      const { body } = await call(`/workspaces/ws-self/activity?${query}`, {});
      return body as ActivityRow[];
    },
  };
}
