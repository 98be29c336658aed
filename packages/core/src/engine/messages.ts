import type { Attachment } from "../contract/attachment.ts";
import type { Delivery } from "../contract/channel.ts";
import { newId } from "../contract/clock.ts";
import { BridgeError, describeError } from "../contract/errors.ts";
import type { DeadLetterReason, MessageOutcome, NewMessage, NewTask } from "../contract/intake.ts";
import type { Arrival, Kind } from "../contract/kind.ts";
import { ownerOf } from "../contract/principal.ts";
import type { Route } from "../contract/route.ts";
import { takeAttachments } from "./attachments.ts";
import type { Engine } from "./engine.ts";
import { boundedJson, checkPlainData } from "../plain-data.ts";
import { quotasOf } from "./quotas.ts";
import { refusalText, senderNotice } from "./sender-notice.ts";
import { rulesOf } from "./task-rules.ts";
import { waitingMessage } from "./texts.ts";

/** The bytes of a dead letter's payload that are kept. */
const keptBytes = 256 * 1024;

/** What a kind made of a delivery: evaluated once, stored with the task. */
export interface Reading {
  readonly payload: unknown;
  readonly sender: string | null;
  readonly key: string | null;
  readonly prompt: string;
  readonly attachments: readonly Attachment[];
  readonly destination: NewTask["destination"];
  readonly reportsOn: string | null;
}

/** Why a delivery is a dead letter. */
export class Unreadable extends Error {
  readonly reason: DeadLetterReason;
  constructor(reason: DeadLetterReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

function findKind(engine: Pick<Engine, "kinds">, name: string): Kind {
  const kind = engine.kinds.get(name);
  if (kind !== undefined) return kind;
  const error = new BridgeError("KIND_UNKNOWN", { kind: name, known: [...engine.kinds.keys()] });
  throw new Unreadable("kind_unknown", error.message);
}

function checkSize(engine: Pick<Engine, "limits">, delivery: Delivery): void {
  const { messageBytes, messageDepth } = engine.limits;
  try {
    checkPlainData("The message", delivery.payload, { bytes: messageBytes, depth: messageDepth });
  } catch (error) {
    throw new Unreadable("payload_too_large", describeError(error));
  }
}

/** What a kind's own code says; when it throws, the message is a dead letter. */
function ofKind<T>(kind: Kind, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Unreadable("kind_failed", `${kind.name}: ${describeError(error)}`);
  }
}

function readDelivery(kind: Kind, delivery: Delivery, arrival: Arrival): Reading {
  const parsed = ofKind(kind, () => kind.schema.safeParse(delivery.payload));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Unreadable(
      "payload_invalid",
      `${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
    );
  }
  const payload = parsed.data;
  return ofKind(kind, () => ({
    payload,
    sender: kind.sender(payload, arrival),
    key: kind.conversation(payload, arrival),
    prompt: kind.prompt(payload),
    attachments: takeAttachments(kind.attachments?.(payload)).taken,
    destination: kind.destination(payload, arrival),
    reportsOn: kind.reportsOn?.(payload) ?? null,
  }));
}

function taskOf(
  engine: Engine,
  delivery: Delivery,
  of: { kind: Kind; reading: Reading; route: Route; arrival: Arrival },
): NewTask {
  const { kind, reading, route, arrival } = of;
  const questions = kind.questions ?? "decline";
  const principal = { type: "peer", ...arrival, id: reading.sender } as const;
  return {
    id: newId("task", engine.random),
    kind: kind.name,
    runner: route.runner,
    owner: ownerOf(principal),
    input: {
      payload: delivery.payload,
      prompt: reading.prompt,
      ...(reading.attachments.length === 0 ? {} : { attachments: reading.attachments }),
    },
    provenance: { kind: kind.name, ...arrival, sender: reading.sender },
    rules: rulesOf(route),
    metadata: {},
    destination: reading.destination,
    conversation: {
      newId: newId("conv", engine.random),
      ...arrival,
      key: reading.key ?? `activity:${delivery.id}`,
      keepsSession: reading.key !== null,
    },
    continues: null,
    questions,
    waitingText: questions === "ask" ? waitingMessage(route.runner) : null,
    hops:
      kind.fromAgent === true
        ? { limit: engine.limits.hops, quietMs: engine.limits.hopQuietMs }
        : null,
    quotas: quotasOf(engine, principal, route),
    refusalText: refusalText(kind, route),
  };
}

/** The open question that this message answers, with the answer; null when it is no answer. */
async function answerOf(
  engine: Engine,
  of: { kind: Kind; reading: Reading; arrival: Arrival },
): Promise<
  (Extract<MessageOutcome, { type: "answer" }>["answer"] & { questionId: string }) | null
> {
  const { kind, reading, arrival } = of;
  if (kind.answer === undefined || reading.key === null || reading.sender === null) return null;
  const place = { ...arrival, key: reading.key };
  const conversation = await engine.store.queries.conversationAt(place, { all: true });
  if (conversation === undefined) return null;
  const question = await engine.store.queries.openQuestion(conversation.id);
  if (question === undefined || question.sender !== reading.sender) return null;
  const answer = ofKind(kind, () => kind.answer?.(reading.payload, question) ?? null);
  return answer === null ? null : { ...answer, questionId: question.id };
}

/** Reads a delivery by its kind. @throws Unreadable */
export function readMessage(
  engine: Pick<Engine, "kinds" | "limits">,
  delivery: Delivery,
  arrival: Arrival,
): { readonly kind: Kind; readonly reading: Reading } {
  checkSize(engine, delivery);
  const kind = findKind(engine, delivery.kind);
  return { kind, reading: readDelivery(kind, delivery, arrival) };
}

async function outcomeOf(
  engine: Engine,
  delivery: Delivery,
  arrival: Arrival,
): Promise<MessageOutcome> {
  const { kind, reading } = readMessage(engine, delivery, arrival);
  const route = engine.routing.match({ kind: kind.name, sender: reading.sender, runner: null });
  const note = (otherwise: MessageOutcome): MessageOutcome =>
    reading.reportsOn === null
      ? otherwise
      : { type: "note", ref: reading.reportsOn, text: reading.prompt, otherwise };
  if (route === undefined) {
    const detail = new BridgeError("ROUTE_NONE", {
      kind: kind.name,
      sender: reading.sender ?? "unknown",
      runner: null,
    }).message;
    return note(deadLetter(engine, delivery, new Unreadable("not_allowed", detail)));
  }
  const task = taskOf(engine, delivery, { kind, reading, route, arrival });
  const answer = await answerOf(engine, { kind, reading, arrival });
  if (answer === null) return note({ type: "task", task });
  const { questionId, ...given } = answer;
  return { type: "answer", questionId, answer: { ...given, by: task.owner }, otherwise: task };
}

function deadLetter(
  engine: Engine,
  delivery: Delivery,
  why: Unreadable,
): Extract<MessageOutcome, { type: "dead_letter" }> {
  const { text, bytes, sha256 } = boundedJson(delivery.payload, keptBytes);
  return {
    type: "dead_letter",
    deadLetter: {
      id: newId("dead", engine.random),
      reason: why.reason,
      detail: why.message.slice(0, 1000),
      kind: delivery.kind.slice(0, 200),
      workspace: delivery.workspace,
      payload: text,
      bytes,
      sha256,
    },
  };
}

/** Evaluates what a delivery is: a task, an answer, a note, or a dead letter. Its kind's code is not needed again. */
export async function messageOf(
  engine: Engine,
  channel: string,
  delivery: Delivery,
): Promise<NewMessage> {
  const { workspace } = delivery;
  const unreadable = (error: unknown): MessageOutcome => {
    if (!(error instanceof Unreadable)) throw error;
    const { reason } = error;
    const notice = senderNotice(engine, { delivery, arrival: { channel, workspace }, reason });
    const letter = deadLetter(engine, delivery, error);
    return notice === undefined ? letter : { ...letter, notice };
  };
  const outcome = await outcomeOf(engine, delivery, { channel, workspace }).catch(unreadable);
  return {
    dedupe: { scope: `channel:${channel}`, key: delivery.id, hash: null },
    from: { channel, ack: delivery.ack },
    outcome,
  };
}
