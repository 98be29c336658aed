import type { Answer, QuestionText } from "@agent-bridge/core";

/** What people say to an approval, in lower case, by language. Anything else is a new message, not an answer. */
const answerWords: Readonly<Record<string, Readonly<Record<Answer["action"], readonly string[]>>>> =
  {
    english: {
      accept: [
        "yes",
        "y",
        "yeah",
        "yep",
        "yes please",
        "ok",
        "okay",
        "sure",
        "approve",
        "approved",
        "accept",
        "allow",
        "go ahead",
        "proceed",
        "do it",
      ],
      decline: [
        "no",
        "n",
        "nope",
        "no thanks",
        "deny",
        "denied",
        "decline",
        "reject",
        "refuse",
        "don't",
        "do not",
        "stop",
      ],
    },
    german: { accept: ["ja", "jawohl", "genehmigt"], decline: ["nein", "ablehnen"] },
    french: { accept: ["oui", "d'accord"], decline: ["non", "refuser"] },
    spanish: { accept: ["sí", "si", "vale", "de acuerdo"], decline: ["rechazar", "denegar"] },
    portuguese: { accept: ["sim", "aprovar"], decline: ["não", "nao", "rejeitar"] },
    chinese: {
      accept: ["是", "是的", "好", "好的", "可以", "同意", "批准"],
      decline: ["否", "不", "不是", "不行", "不可以", "拒绝"],
    },
    japanese: { accept: ["はい", "承認"], decline: ["いいえ", "却下"] },
    korean: { accept: ["네", "예"], decline: ["아니요", "아니오"] },
    signs: { accept: ["👍", "✅"], decline: ["👎", "❌"] },
  };

const actions: ReadonlyMap<string, Answer["action"]> = new Map(
  Object.values(answerWords).flatMap(({ accept, decline }) => [
    ...accept.map((word) => [word, "accept"] as const),
    ...decline.map((word) => [word, "decline"] as const),
  ]),
);

/** Punctuation, spaces and controls at either end. Letters, digits and signs such as emoji stay. */
const outerPunctuation = /^[\p{P}\p{Z}\p{Cc}]+|[\p{P}\p{Z}\p{Cc}]+$/gu;

/**
 * Reads a person's text as the answer to an open question. An approval takes a word of the table and
 * nothing around it but punctuation; for an input the whole text is the content.
 *
 * @returns null when the text is no answer
 */
export function readAnswer(text: string, question: QuestionText): Answer | null {
  if (question.type === "input") {
    return text.trim() === "" ? null : { action: "accept", content: text };
  }
  const word = text.toLowerCase().replaceAll("’", "'").replaceAll(outerPunctuation, "");
  const action = actions.get(word.replaceAll(/\s+/gu, " "));
  return action === undefined ? null : { action };
}
