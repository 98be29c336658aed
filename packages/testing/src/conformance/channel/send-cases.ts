import type { Attachment, Json } from "@agent-bridge/core";
import { expect } from "vitest";
import type { ChannelCase, ChannelConformance, SendFailure } from "./about.ts";
import { endsWithin, openSession, patience, refusal } from "./platform-session.ts";
import type { FullChannel, Session } from "./platform-session.ts";

/** What a channel promises of the way out. */
export function sendCases(about: ChannelConformance): readonly ChannelCase[] {
  const using = (body: (session: Session) => Promise<void>) => async (): Promise<void> => {
    await using session = await openSession(about);
    await body(session);
    await session.close();
  };
  return [
    ...about.destinations.map((destination) => ({
      title: `a text arrives whole, and a repeat as deduplicates() says: ${JSON.stringify(destination)}`,
      run: using((session) => repeats(session, destination)),
    })),
    {
      title:
        "attachments go beside a text where the channel says so, whole and in order, and nowhere else",
      run: using((session) => attaches(session, about.destinations)),
    },
    {
      title: "texts to one destination arrive in the order in which they are sent",
      run: using((session) => inOrder(session, about.destinations)),
    },
    ...about.sendFailures.map((failure) => ({
      title: `a failed send is an error that says what is known: ${failure.title}`,
      run: using((session) => fails(session, failure)),
    })),
    {
      title: "a send to a destination of another channel is refused for good",
      run: using(async ({ open }) => {
        const sending = send(open(), { destination: { of: "another channel" }, text: "lost" });
        const data = await refusal(sending, "CHANNEL_FAILED");
        expect(data).toMatchObject({ operation: "send", effect: "none", retryable: false });
      }),
    },
    ...about.destinations.slice(0, 1).flatMap((destination) => [
      {
        title: "an aborted signal ends a send before it begins, without an effect",
        run: using((session) => abortedBefore(session, destination)),
      },
      ...(about.hangSend === undefined
        ? []
        : [
            {
              title: "an abort ends a hanging send at once, its effect unknown",
              run: using((session) => aborts(session, { destination, hang: about.hangSend })),
            },
          ]),
    ]),
  ];
}

interface Text {
  readonly destination: Json;
  readonly text: string;
  readonly key?: string;
  readonly signal?: AbortSignal;
}

async function send(
  channel: FullChannel,
  { destination, text, key = text, signal = patience() }: Text,
): Promise<{ ref: string | null }> {
  const sent = await channel.send({ destination, text }, { idempotencyKey: key, signal });
  expect(sent.ref === null || typeof sent.ref === "string").toBe(true);
  return sent;
}

async function repeats({ bench, open }: Session, destination: Json): Promise<void> {
  const text = 'Lines\n\tand "quotes", \\, ü, 💥, {"error": "quoted"}';
  const channel = open();
  const first = await send(channel, { destination, text, key: "key-1" });
  expect(await bench.arrived()).toEqual([text]);
  const second = await send(open(), { destination, text, key: "key-1" });
  const isOnce = channel.deduplicates(destination);
  expect(await bench.arrived()).toEqual(isOnce ? [text] : [text, text]);
  if (isOnce) expect(second.ref).toBe(first.ref);
  await send(channel, { destination, text, key: "key-2" });
  expect(await bench.arrived()).toHaveLength(isOnce ? 2 : 3);
}

async function attaches({ bench, open }: Session, destinations: readonly Json[]): Promise<void> {
  const channel = open();
  const sent: (readonly Attachment[])[] = [];
  for (const destination of destinations) {
    const schemes = channel.attaches?.(destination) ?? [];
    const attachments = schemes.flatMap((scheme): Attachment[] => {
      const uri = `${scheme}://files.example/a%20b?c=d&e=💥`;
      const named: Attachment = { kind: "image", uri, mimeType: "image/png", name: "a b.png" };
      return [named, { kind: "file", uri: `${uri}#2`, mimeType: null, name: null }];
    });
    if (attachments.length === 0) continue;
    sent.push(attachments);
    const options = { idempotencyKey: JSON.stringify(destination), signal: patience() };
    await channel.send({ destination, text: "See there.", attachments }, options);
  }
  if (sent.length === 0) return;
  expect(await bench.arrived()).toEqual(sent.map(() => "See there."));
  expect(await bench.arrivedAttachments?.()).toEqual(sent);
}

async function inOrder({ bench, open }: Session, destinations: readonly Json[]): Promise<void> {
  const channel = open();
  const texts: string[] = [];
  for (const [place, destination] of destinations.entries()) {
    for (const count of [1, 2, 3]) {
      const text = `${place}.${count}`;
      texts.push(text);
      await send(channel, { destination, text });
    }
  }
  expect(await bench.arrived()).toEqual(texts);
}

async function fails({ bench, open }: Session, failure: SendFailure): Promise<void> {
  const { destination, effect, retryable } = failure;
  const channel = open();
  await failure.arm(bench);
  const data = await refusal(send(channel, { destination, text: "failing" }), "CHANNEL_FAILED");
  expect(data).toMatchObject({ operation: "send", effect, retryable });
  // An effect that is called none must be none: it is repeated without a word.
  if (effect === "none") expect(await bench.arrived()).toEqual([]);
  await send(channel, { destination, text: "the next one" });
  expect(await bench.arrived()).toContain("the next one");
}

async function abortedBefore({ bench, open }: Session, destination: Json): Promise<void> {
  const sending = send(open(), { destination, text: "never", signal: AbortSignal.abort() });
  const data = await refusal(sending, "CHANNEL_FAILED");
  expect(data).toMatchObject({ operation: "send", effect: "none", retryable: true });
  expect(await bench.arrived()).toEqual([]);
}

async function aborts(
  { bench, clock, open }: Session,
  { destination, hang }: { destination: Json; hang: ChannelConformance["hangSend"] },
): Promise<void> {
  await hang?.(bench);
  const abort = new AbortController();
  const sending = send(open(), { destination, text: "hanging", signal: abort.signal });
  const refused = refusal(sending, "CHANNEL_FAILED");
  await expect.poll(() => clock.waiting()).toBeGreaterThan(0);
  abort.abort();
  await endsWithin(100, refused);
  expect(await refused).toMatchObject({ operation: "send", effect: "unknown", retryable: true });
}
