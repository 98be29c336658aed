import type { Answer, QuestionText } from "@agent-bridge/core";

/** What people say to an approval, in lower case. Anything else is a new message, not an answer. */
const answerWords = {
  accept: [
    ...["yes", "y", "yeah", "yep", "ok", "okay", "sure", "approve", "approved", "accept", "allow"],
    ...["go ahead", "do it", "yes please", "proceed"],
    ...["ja", "jawohl", "genehmigt", "erlauben"],
    ...["oui", "d'accord", "approuver"],
    ...["sí", "si", "vale", "de acuerdo", "aprobar"],
    ...["sim", "aprovar"],
    ...["是", "是的", "好", "好的", "可以", "同意", "批准", "はい", "承認", "네", "예"],
    ...["👍", "✅"],
  ],
  decline: [
    ...["no", "n", "nope", "deny", "denied", "decline", "reject", "refuse", "disallow"],
    ...["don't", "do not", "no thanks", "stop"],
    ...["nein", "ablehnen"],
    ...["non", "refuser"],
    ...["rechazar", "denegar"],
    ...["não", "nao", "rejeitar"],
    ...["否", "不", "不是", "不行", "不可以", "拒绝", "いいえ", "却下", "아니요", "아니오"],
    ...["👎", "❌"],
  ],
} as const satisfies Record<Answer["action"], readonly string[]>;

const actions: ReadonlyMap<string, Answer["action"]> = new Map([
  ...answerWords.accept.map((word) => [word, "accept"] as const),
  ...answerWords.decline.map((word) => [word, "decline"] as const),
]);

/** Everything but letters, digits and signs such as emoji, at either end. */
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
