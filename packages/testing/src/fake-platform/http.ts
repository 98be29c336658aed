import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../loopback/server.ts";
import { gone } from "../loopback/server.ts";
import { readActivity } from "./activity-endpoint.ts";
import { carryOut } from "./calls.ts";
import type { Outcome } from "./calls.ts";
import type { Endpoint } from "./faults.ts";
import { canvasRow, peerRow } from "./rows.ts";
import { refuse } from "./outgoing.ts";
import type { Answer } from "./outgoing.ts";
import type { PlatformState } from "./state.ts";

/** A request after its path was understood. */
interface PlatformRequest {
  readonly state: PlatformState;
  readonly call: Call;
  readonly workspace: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface HttpEndpoint {
  readonly endpoint: Endpoint;
  readonly method: "GET" | "POST";
  /** The first group, if there is one, is the workspace. */
  readonly path: RegExp;
  /** The member of the body that names the workspace, where the path does not. */
  readonly workspaceIn?: string;
  /** Whether any workspace's token will do, since it is another's inbox. */
  readonly isForOthers?: boolean;
  readonly work: (request: PlatformRequest) => Answer;
}

/** The platform's HTTP interface. */
const httpEndpoints: readonly HttpEndpoint[] = [
  {
    endpoint: "register",
    method: "POST",
    path: /^\/registry\/register$/,
    workspaceIn: "id",
    work: ({ workspace, body }) =>
      done({ status: "registered", id: workspace, delivery_mode: body["delivery_mode"] }),
  },
  {
    endpoint: "heartbeat",
    method: "POST",
    path: /^\/registry\/heartbeat$/,
    workspaceIn: "workspace_id",
    work: () => done({ status: "ok" }),
  },
  {
    endpoint: "activity",
    method: "GET",
    path: /^\/workspaces\/([^/]+)\/activity$/,
    work: ({ state, call, workspace }) => readActivity(state, workspace, call),
  },
  {
    endpoint: "ack",
    method: "POST",
    path: /^\/workspaces\/([^/]+)\/activity\/ack$/,
    work: ({ state, workspace, body }) => state.ack(workspace, body["acked_seq"]),
  },
  {
    endpoint: "notify",
    method: "POST",
    path: /^\/workspaces\/([^/]+)\/notify$/,
    work: ({ state, workspace, body }) =>
      state.notify(workspace, body["message"], body["attachments"]),
  },
  {
    endpoint: "delegate",
    method: "POST",
    path: /^\/workspaces\/([^/]+)\/delegate$/,
    work: ({ state, workspace, body }) =>
      state.delegate({
        workspace,
        target: body["target_id"],
        task: body["task"],
        idempotencyKey: body["idempotency_key"],
      }),
  },
  {
    endpoint: "a2a",
    method: "POST",
    path: /^\/workspaces\/([^/]+)\/a2a$/,
    isForOthers: true,
    work: receiveA2a,
  },
];

/** Answers a request of the platform's own interface. */
export async function servePlatform(
  state: PlatformState,
  call: Call,
  platformUrl: string,
): Promise<void> {
  for (const endpoint of httpEndpoints) {
    const match = endpoint.path.exec(call.path);
    if (match === null || call.method !== endpoint.method) continue;
    const body = objectOf(call.body);
    const named = endpoint.workspaceIn === undefined ? match[1] : body[endpoint.workspaceIn];
    const workspace = typeof named === "string" ? named : undefined;
    const outcome = carryOut(
      state,
      {
        via: "http",
        endpoint: endpoint.endpoint,
        workspace,
        body: call.body,
        idempotencyKey: body["idempotency_key"],
      },
      () =>
        refusal({ state, call, endpoint, workspace, platformUrl }) ??
        endpoint.work({ state, call, workspace: workspace ?? "", body }),
    );
    await show(outcome, call);
    return;
  }
  await show(answerOf(refuse(404, `no ${call.method} ${call.path}`)), call);
}

interface Admission {
  readonly state: PlatformState;
  readonly call: Call;
  readonly endpoint: HttpEndpoint;
  readonly workspace: string | undefined;
  readonly platformUrl: string;
}

/** Why a request is turned away at the door; `undefined` when it may pass. */
function refusal(admission: Admission): Answer | undefined {
  const { state, call, endpoint, workspace, platformUrl } = admission;
  const token = /^Bearer (.+)$/.exec(call.headers.authorization ?? "")?.[1];
  const known = state.workspaces().find((one) => one.token === token);
  if (token === undefined || known === undefined) return refuse(401, "invalid workspace token");
  if (call.headers.origin !== platformUrl) return refuse(403, "origin not allowed");
  if (workspace === undefined)
    return refuse(400, `${endpoint.workspaceIn ?? "workspace"} is required`);
  const asked = state.workspace(workspace);
  if (asked === undefined) return refuse(404, "workspace not found");
  if (asked.token !== token && endpoint.isForOthers !== true) {
    return refuse(401, "invalid workspace token");
  }
  if (call.method === "POST" && call.body === undefined) return refuse(400, "body must be JSON");
  return undefined;
}

async function show(outcome: Outcome, call: Call): Promise<void> {
  switch (outcome.kind) {
    case "hang":
      await gone(call.signal);
      call.response.destroy();
      return;
    case "close":
      call.response.destroy();
      return;
    case "answer":
      if (outcome.delayMs > 0) await sleep(outcome.delayMs, undefined, { signal: call.signal });
      call.response.writeHead(outcome.status, { "content-type": "application/json" });
      call.response.end(outcome.text);
  }
}

/** A JSON-RPC `message/send` for a workspace that polls is put into its inbox. */
function receiveA2a({ state, call, workspace, body }: PlatformRequest): Answer {
  const { method, id, params } = body;
  if (method !== "message/send" && method !== "tasks/send") {
    const error = { code: -32_601, message: "method not found" };
    return { status: 200, body: { jsonrpc: "2.0", id: id ?? null, error }, effect: "none" };
  }
  const source = call.headers["x-workspace-id"];
  const row =
    typeof source === "string"
      ? peerRow({ workspace, peer: source, text: "" })
      : canvasRow({ workspace, text: "" });
  state.activity.append({ ...row, method, request_body: { jsonrpc: "2.0", method, params } });
  const result = { status: "queued", delivery_mode: "poll", method };
  return done({ jsonrpc: "2.0", id: id ?? null, result });
}

function done(body: unknown): Answer {
  return { status: 200, body, effect: "done" };
}

function answerOf(answer: Answer): Outcome {
  const text = JSON.stringify(answer.body);
  return { kind: "answer", status: answer.status, text, delayMs: 0, isVerbatim: false };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : {};
}
