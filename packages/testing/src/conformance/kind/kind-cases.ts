import { attachmentSchema, maxAttachments } from "@agent-bridge/core";
import type { Arrival, Json, Kind, QuestionText } from "@agent-bridge/core";
import * as fc from "fast-check";
import { expect } from "vitest";
import { payloadsNear } from "./payloads.ts";

/** What the suite is told about a kind. */
export interface KindConformance<P> {
  readonly kind: Kind<P>;
  /** Payloads of this kind, as different as they come. */
  readonly accepted: readonly Json[];
  /** Payloads that are not of this kind. */
  readonly rejected: readonly Json[];
  /** Where they may arrive; a direct call and a channel by default. */
  readonly arrivals?: readonly Arrival[];
}

/** One promise of the suite. */
export interface KindCase {
  readonly title: string;
  readonly run: () => void;
}

const usualArrivals: readonly Arrival[] = [
  { channel: "", workspace: "" },
  { channel: "a-channel", workspace: "a-workspace" },
];

const questions: readonly QuestionText[] = [
  { type: "approval", title: "Run `ls`?", details: { command: ["ls"] } },
  { type: "input", title: "Which branch?", details: {} },
];

/** Number of generated payloads of the property tests. */
const runs = 300;

/** The cases of the suite for one kind. `kindConformance` registers them as tests. */
export function kindCases<P>(about: KindConformance<P>): readonly KindCase[] {
  return [...exampleCases(about), ...propertyCases(about)];
}

function exampleCases<P>(about: KindConformance<P>): readonly KindCase[] {
  const { kind, accepted, rejected } = about;
  return [
    {
      title: "it has a name without spaces and says what it is",
      run: () => {
        expect(kind.name).toMatch(/^\S+$/);
        expect(kind.description.trim()).not.toBe("");
      },
    },
    {
      title: "its schema accepts the payloads of the kind",
      run: () => {
        expect(accepted.length).toBeGreaterThan(0);
        for (const payload of accepted) {
          expect({ payload, error: kind.schema.safeParse(payload).error }).toEqual({ payload });
        }
      },
    },
    {
      title: "its schema refuses other payloads, and what is no object, without throwing",
      run: () => {
        for (const payload of [...rejected, null, 7, "text", []]) {
          const { success } = kind.schema.safeParse(payload);
          expect({ payload, success }).toEqual({ payload, success: false });
        }
      },
    },
    {
      title: "every payload of the kind has a prompt",
      run: () => {
        for (const payload of accepted)
          expect(kind.prompt(kind.schema.parse(payload))).not.toBe("");
      },
    },
    {
      title: "only a kind that asks persons reads answers",
      run: () => {
        if (kind.questions !== "ask") expect(kind).not.toHaveProperty("answer");
      },
    },
  ];
}

function propertyCases<P>(about: KindConformance<P>): readonly KindCase[] {
  const arrivals = about.arrivals ?? usualArrivals;
  const forAll = (check: (payload: P, arrival: Arrival) => void): void => {
    const { schema } = about.kind;
    const near = payloadsNear(about.accepted).map((payload) => schema.safeParse(payload));
    const arbitrary = fc.tuple(near, fc.constantFrom(...arrivals));
    const property = fc.property(arbitrary, ([parsed, arrival]) => {
      if (parsed.success) check(parsed.data, arrival);
    });
    fc.assert(property, { numRuns: runs });
    for (const payload of about.accepted) {
      for (const arrival of arrivals) check(schema.parse(payload), arrival);
    }
  };
  return [
    {
      title:
        "its functions throw for no payload that the schema accepts, and give what is promised",
      run: () => {
        forAll((payload, arrival) => {
          expectPromised(evaluate(about.kind, payload, arrival));
        });
      },
    },
    {
      title: "its functions are pure: the same again for the same payload, which they leave alone",
      run: () => {
        forAll((payload, arrival) => {
          const frozen = deepFreeze(payload);
          const first = evaluate(about.kind, frozen, deepFreeze(arrival));
          expect(evaluate(about.kind, frozen, arrival)).toStrictEqual(first);
        });
      },
    },
    {
      title:
        "its envelope tells of any payload, and the same as its functions of one that it accepts",
      run: () => {
        const { kind, accepted } = about;
        const check = (payload: Json, arrival: Arrival): void => {
          const told = kind.envelope?.(payload, arrival) ?? null;
          const { success, data } = kind.schema.safeParse(payload);
          if (told === null || !success) return;
          const sender = kind.sender(data, arrival);
          expect(told).toStrictEqual({ sender, destination: kind.destination(data, arrival) });
        };
        const arbitrary = fc.tuple(payloadsNear([...accepted, null]), fc.constantFrom(...arrivals));
        fc.assert(
          fc.property(arbitrary, ([payload, arrival]) => check(payload, arrival)),
          {
            numRuns: runs,
          },
        );
        for (const payload of accepted) for (const arrival of arrivals) check(payload, arrival);
      },
    },
    {
      title: "what its functions give is stored and read again without a change",
      run: () => {
        forAll((payload, arrival) => {
          const results = evaluate(about.kind, payload, arrival);
          expect(JSON.parse(JSON.stringify(results))).toStrictEqual(results);
        });
      },
    },
  ];
}

/** All that the bridge asks of a kind for one message. */
function evaluate<P>(kind: Kind<P>, payload: P, arrival: Arrival) {
  return {
    sender: kind.sender(payload, arrival),
    conversation: kind.conversation(payload, arrival),
    prompt: kind.prompt(payload),
    attachments: kind.attachments === undefined ? [] : kind.attachments(payload),
    destination: kind.destination(payload, arrival),
    reportsOn: kind.reportsOn === undefined ? null : kind.reportsOn(payload),
    answers: questions.map((question) =>
      kind.answer === undefined ? null : kind.answer(payload, question),
    ),
  };
}

type Results = ReturnType<typeof evaluate>;

const textOrNull = (value: unknown): boolean =>
  value === null || (typeof value === "string" && value !== "");

function expectPromised(results: Results): void {
  const { sender, conversation, prompt, attachments, reportsOn, answers } = results;
  expect(textOrNull(sender), `sender ${String(sender)}`).toBe(true);
  expect(textOrNull(conversation), `conversation ${String(conversation)}`).toBe(true);
  expect(textOrNull(reportsOn), `reportsOn ${String(reportsOn)}`).toBe(true);
  expect(typeof prompt).toBe("string");
  expect(attachments.length).toBeLessThanOrEqual(maxAttachments);
  for (const attachment of attachments)
    expect(attachmentSchema.safeParse(attachment).error).toBeUndefined();
  for (const answer of answers) {
    if (answer !== null) expect(["accept", "decline"]).toContain(answer.action);
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
