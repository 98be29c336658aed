import { silentLogger } from "@agent-bridge/core";
import type { Clock } from "@agent-bridge/core";
import { channelConformance } from "@agent-bridge/testing/channel-conformance";
import type { ChannelBench, SendFailure } from "@agent-bridge/testing/channel-conformance";
import {
  createPlatformState,
  defaultToken,
  fakeTools,
  repliesIn,
  startFakePlatform,
} from "@agent-bridge/testing/fake-platform";
import type { Endpoint, FaultKind, PlatformState } from "@agent-bridge/testing/fake-platform";
import { moleculeHttpChannel, moleculeToolsChannel } from "../src/index.ts";
import type { PlatformAttachment } from "../src/attachments.ts";
import type { Destination, MoleculeTools } from "../src/index.ts";

const user: Destination = { to: "user", workspace: "ws-self" };
const peer: Destination = { to: "peer", peer: "ws-other", source: "ws-self" };

interface PlatformBench extends ChannelBench {
  readonly state: PlatformState;
}

/** The parts of a bench that the platform's own state answers. */
function benchOf(
  state: PlatformState,
): Omit<PlatformBench, "channel" | typeof Symbol.asyncDispose> {
  return {
    state,
    deliver: async (text) => state.addCanvas({ workspace: "ws-self", text }).id,
    arrived: async () =>
      repliesIn(state.sent.entries(), "ws-self").map(({ body }) => {
        const sent = body as { readonly message?: string; readonly task?: string };
        return sent.message ?? sent.task ?? "";
      }),
    arrivedAttachments: async () =>
      repliesIn(state.sent.entries(), "ws-self").map(({ body }) => {
        const { attachments = [] } = body as {
          readonly attachments?: readonly PlatformAttachment[];
        };
        return attachments.map(({ kind, uri, mime_type, name }) => ({
          kind,
          uri,
          mimeType: mime_type ?? null,
          name: name ?? null,
        }));
      }),
    isAcknowledged: async (id) => {
      const seq = state.activity.rows().find((row) => row.id === id)?.seq ?? Infinity;
      const pops = state.sent.entries().filter(({ endpoint }) => endpoint === "inbox_pop");
      const isPopped = pops.some(
        ({ body }) => (body as { activity_id: string }).activity_id === id,
      );
      return isPopped || state.acked("ws-self") >= seq;
    },
  };
}

async function httpBench(clock: Clock): Promise<PlatformBench> {
  const platform = await startFakePlatform();
  return {
    ...benchOf(platform.state),
    channel: () =>
      moleculeHttpChannel({
        name: "molecule:ws-self",
        platformUrl: platform.url,
        workspaceId: "ws-self",
        token: { value: defaultToken },
        clock,
        logger: silentLogger,
      }),
    [Symbol.asyncDispose]: () => platform.close(),
  };
}

async function toolsBench(clock: Clock, readsAhead: boolean): Promise<PlatformBench> {
  const state = createPlatformState();
  const tools = fakeTools(state, { secondMs: 50 });
  const four: MoleculeTools = { ...tools };
  delete four.inbox_peek;
  return {
    ...benchOf(state),
    channel: () =>
      moleculeToolsChannel({
        name: "molecule",
        tools: readsAhead ? tools : four,
        clock,
      }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const arm =
  (endpoint: Endpoint, fault: FaultKind) =>
  async (bench: ChannelBench): Promise<void> => {
    (bench as PlatformBench).state.faults.arm({ endpoint, ...fault });
  };

const text = (answer: string): FaultKind => ({ fault: "answer", text: answer });
const status = (code: number): FaultKind => ({ fault: "status", status: code });

const none = { effect: "none", retryable: true } as const;
const refused = { effect: "none", retryable: false } as const;
const unknown = { effect: "unknown", retryable: true } as const;

type Row = readonly [FaultKind, Pick<SendFailure, "effect" | "retryable">];

function sendFailures(
  endpoint: Endpoint,
  destination: Destination,
  rows: readonly Row[],
): SendFailure[] {
  return rows.map(([fault, known]) => ({
    title: `${endpoint}, ${JSON.stringify(fault)}`,
    destination,
    arm: arm(endpoint, fault),
    ...known,
  }));
}

const httpFailures: readonly Row[] = [
  ...[400, 403, 404, 413, 422, 301].map((code) => [status(code), refused] as const),
  ...[401, 408, 409, 425, 429].map((code) => [status(code), none] as const),
  ...[500, 502, 503, 504].map((code) => [status(code), unknown] as const),
  [{ fault: "close" }, unknown],
  [{ fault: "close_after" }, unknown],
  [{ fault: "not_json" }, unknown],
  [{ fault: "json_string" }, unknown],
  [text('{"error":"no room"}'), none],
  [text('{"error":{"message":"upstream timed out"}}'), unknown],
  [text("Error: no room"), none],
  [text('"Error: platform returned 502"'), unknown],
];

const invalid = "CHANNEL_ANSWER_INVALID";

channelConformance({
  name: "moleculeHttpChannel",
  open: httpBench,
  destinations: [user, peer],
  pollFailures: [
    { title: "not JSON", code: invalid, arm: arm("activity", { fault: "not_json" }) },
    { title: "a JSON string", code: invalid, arm: arm("activity", { fault: "json_string" }) },
    { title: "an object without rows", code: invalid, arm: arm("activity", text("{}")) },
    { title: "rows that are none", code: invalid, arm: arm("activity", text('["row"]')) },
    {
      title: "a row without id and seq",
      code: invalid,
      arm: arm("activity", text('[{"seq":null}]')),
    },
    { title: "an empty answer", code: invalid, arm: arm("activity", text("")) },
    {
      title: "an error in an answer of status 200",
      code: "CHANNEL_FAILED",
      arm: arm("activity", text('{"error":"busy"}')),
    },
    { title: "status 503", code: "CHANNEL_FAILED", arm: arm("activity", status(503)) },
    { title: "status 401", code: "CHANNEL_FAILED", arm: arm("activity", status(401)) },
    {
      title: "a closed connection",
      code: "CHANNEL_FAILED",
      arm: arm("activity", { fault: "close" }),
    },
    { title: "no answer at all", code: "CHANNEL_FAILED", arm: arm("activity", { fault: "hang" }) },
  ],
  sendFailures: [
    ...sendFailures("notify", user, [
      ...httpFailures,
      [{ fault: "talk_to_user_disabled" }, refused],
      [{ fault: "hang" }, unknown],
    ]),
    ...sendFailures("delegate", peer, httpFailures),
    {
      title: "a delegation to oneself",
      destination: peer,
      ...refused,
      arm: arm("delegate", {
        fault: "status",
        status: 400,
        text: '{"error":"self-delegation not permitted"}',
      }),
    },
  ],
  hangSend: arm("notify", { fault: "hang" }),
});

const toolFailures: readonly Row[] = [
  [text("Error: something else"), none],
  [text("Error: platform returned 403"), refused],
  [text("Error: platform returned 429"), none],
  [text("Error: platform returned 502"), unknown],
  [text("Error: request timed out"), unknown],
  [text('{"error":"no room"}'), none],
  [{ fault: "close" }, unknown],
  [{ fault: "close_after" }, unknown],
];

for (const readsAhead of [false, true]) {
  const peekFailures = readsAhead
    ? [
        {
          title: "a peek that is not JSON",
          code: invalid,
          arm: arm("inbox_peek", { fault: "not_json" }),
        } as const,
        {
          title: "a peek that fails",
          code: "CHANNEL_FAILED",
          arm: arm("inbox_peek", text("Error: inbox is off")),
        } as const,
      ]
    : [];
  channelConformance({
    name: `moleculeToolsChannel ${readsAhead ? "with" : "without"} inbox_peek`,
    open: (clock) => toolsBench(clock, readsAhead),
    destinations: [user, peer],
    pollFailures: [
      { title: "not JSON", code: invalid, arm: arm("wait_for_message", text("not json at all")) },
      { title: "a JSON string", code: invalid, arm: arm("wait_for_message", text('"a string"')) },
      { title: "a list", code: invalid, arm: arm("wait_for_message", text("[]")) },
      {
        title: "no activity_id",
        code: invalid,
        arm: arm("wait_for_message", text('{"text":"x"}')),
      },
      {
        title: "an error text",
        code: "CHANNEL_FAILED",
        arm: arm("wait_for_message", text("Error: platform is down")),
      },
      {
        title: "a lost connection",
        code: "CHANNEL_FAILED",
        arm: arm("wait_for_message", { fault: "close" }),
      },
      {
        title: "no answer at all",
        code: "CHANNEL_FAILED",
        arm: arm("wait_for_message", { fault: "hang" }),
      },
      ...peekFailures,
    ],
    sendFailures: [
      ...sendFailures("send_message_to_user", user, [
        ...toolFailures,
        [{ fault: "talk_to_user_disabled" }, refused],
      ]),
      ...sendFailures("delegate_task", peer, [
        ...toolFailures.filter(([fault]) => fault.fault !== "close_after"),
        [{ fault: "close_after" }, unknown],
        [text("DELEGATION FAILED to the peer: it is away"), unknown],
        [text("DELEGATION FAILED to the peer: platform returned 404"), refused],
      ]),
    ],
    hangSend: arm("send_message_to_user", { fault: "hang" }),
  });
}
