import type { StoreCase } from "./about.ts";
import { acceptCases } from "./accept-cases.ts";
import { ackCases } from "./ack-cases.ts";
import { budgetCases } from "./budget-cases.ts";
import { cancelCases } from "./cancel-cases.ts";
import { claimCases } from "./claim-cases.ts";
import { conversationCases } from "./conversation-cases.ts";
import { deadLetterCases } from "./dead-letter-cases.ts";
import { droppedLetterCases } from "./dropped-letter-cases.ts";
import { fencingCases } from "./fencing-cases.ts";
import { hopCases } from "./hop-cases.ts";
import { laneCases } from "./lane-cases.ts";
import { lifetimeCases } from "./lifetime-cases.ts";
import { logCases } from "./log-cases.ts";
import { outboxCases } from "./outbox-cases.ts";
import { queryCases } from "./query-cases.ts";
import { removalCases } from "./removal-cases.ts";
import { retentionCases } from "./retention-cases.ts";
import { retentionGapCases } from "./retention-gap-cases.ts";
import { retentionSizeCases } from "./retention-size-cases.ts";
import { liveQuestionCases } from "./live-question-cases.ts";
import { resendingCases } from "./resending-cases.ts";
import { senderNoticeCases } from "./sender-notice-cases.ts";
import { suspendedQuestionCases } from "./suspended-question-cases.ts";
import { attentionCases } from "./attention-cases.ts";
import { answerCases } from "./answer-cases.ts";
import { quotaCases } from "./quota-cases.ts";
import { turnCases } from "./turn-cases.ts";
import { watchCases } from "./watch-cases.ts";

/** Every promise of the store's contract. `storeConformance` registers them as tests. */
export const storeCases: readonly StoreCase[] = [
  ...acceptCases,
  ...hopCases,
  ...quotaCases,
  ...laneCases,
  ...claimCases,
  ...fencingCases,
  ...turnCases,
  ...budgetCases,
  ...cancelCases,
  ...liveQuestionCases,
  ...suspendedQuestionCases,
  ...answerCases,
  ...conversationCases,
  ...logCases,
  ...watchCases,
  ...outboxCases,
  ...resendingCases,
  ...attentionCases,
  ...ackCases,
  ...deadLetterCases,
  ...droppedLetterCases,
  ...senderNoticeCases,
  ...queryCases,
  ...retentionCases,
  ...retentionSizeCases,
  ...retentionGapCases,
  ...removalCases,
  ...lifetimeCases,
];
