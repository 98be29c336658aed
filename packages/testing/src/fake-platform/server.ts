import { sendJson, startLoopback } from "../loopback/server.ts";
import type { Call, ListenOptions, LoopbackServer } from "../loopback/server.ts";
import { controlActions, readLog } from "./control.ts";
import type { PlatformLog } from "./control.ts";
import { servePlatform } from "./http.ts";
import { createPlatformState } from "./state.ts";
import type { PlatformOptions, PlatformState } from "./state.ts";

/** A platform that is reached over HTTP. */
export interface FakePlatform extends LoopbackServer {
  /** The world behind it, which tools in this process may share. */
  readonly state: PlatformState;
  log(): PlatformLog;
}

/** Starts a platform: its own interface, `POST /__control/<name>` and `GET /__log`, which need no token. */
export async function startFakePlatform(
  options: ListenOptions & PlatformOptions = {},
): Promise<FakePlatform> {
  const state = createPlatformState(options);
  const server: LoopbackServer = await startLoopback(options, async (call) => {
    if (call.path === "/__log") sendJson(call.response, 200, readLog(state));
    else if (call.path.startsWith("/__control/")) control(state, call);
    else await servePlatform(state, call, server.url);
  });
  return { ...server, state, log: () => readLog(state) };
}

type Action = (state: PlatformState, input: unknown) => unknown;

function control(state: PlatformState, call: Call): void {
  const name = call.path.slice("/__control/".length);
  const actions = controlActions as unknown as Readonly<Record<string, Action>>;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined || typeof call.body !== "object" || call.body === null) {
    sendJson(call.response, 404, { error: `No control action "${name}" with such a body.` });
    return;
  }
  try {
    sendJson(call.response, 200, action(state, call.body));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    sendJson(call.response, 400, { error: error.message });
  }
}
