import { createHash } from "node:crypto";
import type { Answer, Json, JsonObject, QuestionText } from "@agent-bridge/core";
import * as z from "zod";
import { fileUpdateSchema } from "./protocol.ts";
import type { FileUpdate } from "./protocol.ts";

/** What Codex asks, as it is put to people, and how each answer goes back. */
export interface CodexQuestion {
  /** `undefined` where what is asked can not be shown, so nobody is asked: it is declined. */
  readonly text: QuestionText | undefined;
  /** The result that Codex gets. */
  result(answer: Answer): Json;
}

/** What a question may have to look up. */
export interface QuestionContext {
  changesOf(itemId: string): readonly FileUpdate[] | undefined;
}

type Reader = (params: unknown, context: QuestionContext) => CodexQuestion | undefined;

// What Codex sends came out of `JSON.parse`, so it is JSON.
const json = z.custom<Json>(() => true);

const commandSchema = z.object({
  itemId: z.string(),
  command: z.string().nullish(),
  cwd: z.string().nullish(),
  reason: z.string().nullish(),
  networkApprovalContext: json.optional(),
  additionalPermissions: json.optional(),
});

const fileChangeSchema = z.object({
  itemId: z.string(),
  reason: z.string().nullish(),
  grantRoot: z.string().nullish(),
});

const permissionsSchema = z.object({
  cwd: z.string(),
  reason: z.string().nullish(),
  permissions: z.object({ network: json.optional(), fileSystem: json.optional() }),
});

const userInputSchema = z.object({
  questions: z
    .array(
      z.object({
        id: z.string(),
        header: z.string(),
        question: z.string(),
        isSecret: z.boolean().optional(),
        options: z.array(z.object({ label: z.string(), description: z.string() })).nullish(),
      }),
    )
    .min(1),
});

const elicitationSchema = z.discriminatedUnion("mode", [
  z.object({
    mode: z.enum(["form", "openai/form", "openaiForm"]),
    serverName: z.string(),
    message: z.string(),
    requestedSchema: json,
    _meta: json.optional(),
  }),
  z.object({
    mode: z.literal("url"),
    serverName: z.string(),
    message: z.string(),
    url: z.string(),
    _meta: json.optional(),
  }),
]);

/** The requests of Codex that are questions. */
const readers: Readonly<Record<string, Reader>> = {
  "item/commandExecution/requestApproval": (params) => {
    const { data } = commandSchema.safeParse(params);
    if (data === undefined) return undefined;
    const details = definedOf({
      command: data.command,
      cwd: data.cwd,
      network: data.networkApprovalContext,
      permissions: data.additionalPermissions,
      reason: data.reason,
    });
    // A network request has a host instead of a command.
    const isShown = Boolean(data.command) || details["network"] !== undefined;
    const title = data.command ? `Run ${oneLine(data.command)}` : "Open a network connection";
    return { text: isShown ? approval(title, details) : undefined, result: decision };
  },
  "item/fileChange/requestApproval": (params, context) => {
    const { data } = fileChangeSchema.safeParse(params);
    if (data === undefined) return undefined;
    const changes = context.changesOf(data.itemId);
    if (changes === undefined) return { text: undefined, result: decision };
    const details = definedOf({
      changes: changes.map((change) => fileUpdateSchema.parse(change)),
      grantRoot: data.grantRoot,
      reason: data.reason,
    });
    const paths = changes.map(({ path }) => path).join(", ");
    return { text: approval(`Change ${oneLine(paths)}`, details), result: decision };
  },
  "item/permissions/requestApproval": (params) => {
    const { data } = permissionsSchema.safeParse(params);
    if (data === undefined) return undefined;
    const granted = definedOf(data.permissions);
    const details = definedOf({ permissions: granted, cwd: data.cwd, reason: data.reason });
    return {
      text: approval("Allow more than the sandbox does", details),
      result: ({ action }) => ({ permissions: action === "accept" ? granted : {}, scope: "turn" }),
    };
  },
  "item/tool/requestUserInput": (params) => {
    const { data } = userInputSchema.safeParse(params);
    if (data === undefined) return undefined;
    const { questions } = data;
    const title = questions.map(({ question }) => question).join(" / ");
    const details = { questions: questions.map((question) => definedOf(question)) };
    return {
      text: { type: "input", title: oneLine(title), details },
      result: (answer) => ({
        answers: answersTo(
          questions.map(({ id }) => id),
          answer,
        ),
      }),
    };
  },
  "mcpServer/elicitation/request": (params) => {
    const { data } = elicitationSchema.safeParse(params);
    return data === undefined ? undefined : elicitation(data);
  },
};

/** Reads a request as a question; `undefined` for a request that is none of those known here. */
export function readQuestion(
  method: string,
  params: unknown,
  context: QuestionContext,
): CodexQuestion | undefined {
  return Object.hasOwn(readers, method) ? readers[method]?.(params, context) : undefined;
}

function elicitation(data: z.output<typeof elicitationSchema>): CodexQuestion {
  const { serverName, message, _meta: meta } = data;
  const subject = data.mode === "url" ? { url: data.url } : { form: data.requestedSchema };
  const details = definedOf({ server: serverName, message, ...subject, meta });
  const title = `${serverName}: ${message}`;
  // A form without fields only wants a yes or a no: so Codex asks before a server's tool is called.
  const isForm = data.mode !== "url" && hasFields(data.requestedSchema);
  return {
    text: isForm ? { type: "input", title: oneLine(title), details } : approval(title, details),
    result: ({ action, content }) => ({
      action,
      content: action === "accept" && data.mode !== "url" ? (content ?? {}) : null,
      _meta: null,
    }),
  };
}

function hasFields(schema: Json): boolean {
  const { data } = z.object({ properties: z.record(z.string(), z.unknown()) }).safeParse(schema);
  return data !== undefined && Object.keys(data.properties).length > 0;
}

/** Codex lets the turn go on after `decline`; its `cancel` would end it. */
function decision({ action }: Answer): Json {
  return { decision: action };
}

const answersSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** Content by question, or one text where there is one question; anything else answers nothing. */
function answersTo(ids: readonly string[], { action, content }: Answer): JsonObject {
  if (action === "decline" || content === undefined) return {};
  const [only = ""] = ids;
  const given =
    typeof content === "string" && ids.length === 1
      ? { [only]: content }
      : (answersSchema.safeParse(content).data ?? {});
  const known = Object.entries(given).filter(([id]) => ids.includes(id));
  return Object.fromEntries(known.map(([id, answers]) => [id, { answers: [answers].flat() }]));
}

function approval(title: string, details: JsonObject): QuestionText {
  // What is shown is what is bound: everything that decides what will be done stands in the details.
  const bindsTo = createHash("sha256").update(JSON.stringify(details)).digest("hex");
  return { type: "approval", title: oneLine(title), details, bindsTo };
}

function definedOf(values: Readonly<Record<string, Json | null | undefined>>): JsonObject {
  const defined = Object.entries(values).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return Object.fromEntries(defined) as JsonObject;
}

const titleLength = 200;

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > titleLength ? `${line.slice(0, titleLength - 1)}…` : line;
}
