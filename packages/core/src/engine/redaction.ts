import type { Attachment } from "../contract/attachment.ts";
import type { NewEvent } from "../contract/event.ts";
import type { Ending } from "../contract/intake.ts";
import type { Session } from "../contract/runner.ts";
import type { Json, JsonObject } from "../contract/json.ts";
import type { NewQuestion, WorkWrite } from "../contract/work.ts";
import { boundedJson } from "../plain-data.ts";

const mark = "[secret]";
/** How deep data is looked through; what lies deeper is looked through as text. */
const maxDepth = 64;
/** What is kept of data that lies deeper, in bytes. */
const deepBytes = 32 * 1024;

/** Keeps the secrets that this process knows out of everything that is stored. */
export interface Redactor {
  write(write: WorkWrite): WorkWrite;
  ending(ending: Ending): Ending;
  question(question: NewQuestion): NewQuestion;
  text(text: string): string;
  /** Plain data of a plugin, such as what its check found, or what it goes on with after a question. */
  data<T>(data: T): T;
  /** How many characters at the end of a text may be the beginning of a secret whose rest is still to come. */
  unfinished(text: string): number;
}

/** Creates a redactor. @param secrets may grow while it is in use */
export function createRedactor(secrets: ReadonlySet<string>): Redactor {
  const inText = (text: string): string =>
    // The longest first: one secret may be a part of another.
    [...secrets]
      .toSorted((a, b) => b.length - a.length)
      .reduce((left, secret) => left.replaceAll(secret, mark), text);
  const inData = (value: Json, depth = maxDepth): Json => {
    if (typeof value === "string") return inText(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth === 0) return inText(boundedJson(value, deepBytes).text);
    if (Array.isArray(value)) return value.map((item: Json) => inData(item, depth - 1));
    const entries = Object.entries<Json>(value as JsonObject);
    return Object.fromEntries(entries.map(([key, item]) => [inText(key), inData(item, depth - 1)]));
  };
  const event = (given: NewEvent): NewEvent =>
    ({ ...given, data: inData(given.data as Json) }) as NewEvent;
  const question = (given: NewQuestion): NewQuestion => ({
    ...given,
    title: inText(given.title),
    details: inData(given.details) as JsonObject,
    text: given.text === null ? null : inText(given.text),
  });
  const session = ({ id, state }: Session): Session => ({ id, state: inData(state) as JsonObject });
  return {
    text: inText,
    data: <T>(data: T): T => (secrets.size === 0 ? data : (inData(data as Json) as T)),
    question: (given) => (secrets.size === 0 ? given : question(given)),
    write: (write) =>
      secrets.size === 0
        ? write
        : {
            ...write,
            events: write.events.map(event),
            ...(write.session === undefined ? {} : { session: session(write.session) }),
            ...(write.ask === undefined ? {} : { ask: question(write.ask) }),
          },
    ending: ({ output, error, reply, status, attachments }) => ({
      status,
      output: output === null ? null : inText(output),
      error: error === null ? null : { ...error, message: inText(error.message) },
      reply: inText(reply),
      // An address with a mark in it leads nowhere, and says so.
      ...(attachments === undefined
        ? {}
        : { attachments: inData(attachments) as unknown as readonly Attachment[] }),
    }),
    unfinished: (text) => {
      let longest = 0;
      for (const secret of secrets) {
        let length = Math.min(secret.length - 1, text.length);
        while (length > longest && !text.endsWith(secret.slice(0, length))) length--;
        longest = Math.max(longest, length);
      }
      return longest;
    },
  };
}
