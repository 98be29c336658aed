export type { Attachment } from "./contract/attachment.ts";
export { attachmentSchema, maxAttachments } from "./contract/attachment.ts";
export type {
  Bridge,
  BridgeParts,
  Failpoint,
  Limits,
  ProcessSweeper,
  RunAccess,
  RunAccessGrant,
  Quotas,
  RetentionRules,
} from "./contract/bridge.ts";
export type { Budget, BudgetState, BudgetUnit, BudgetUse, Spent } from "./contract/budget.ts";
export type { Channel, Delivery, InboxStyle, OutgoingReply, Received } from "./contract/channel.ts";
export { defineChannel } from "./contract/channel.ts";
export type { Clock, Random } from "./contract/clock.ts";
export { newId } from "./contract/clock.ts";
export { decodeCursor, encodeCursor } from "./contract/cursor.ts";
export type {
  BridgeDescription,
  DescribedKind,
  DescribedRoute,
  DescribedRunner,
} from "./contract/description.ts";
export type { ChannelFailure, ErrorCode, ErrorData } from "./contract/errors.ts";
export { isDenial } from "./contract/denial.ts";
export { BridgeError, describeError, errorCodes, isBridgeError } from "./contract/errors.ts";
export type { BridgeEvent, EventData, EventType, NewEvent, StartCause } from "./contract/event.ts";
export { isTerminal, maxEventBytes } from "./contract/event.ts";
export type {
  BridgeStatus,
  ChannelStatus,
  EventsRequest,
  Handle,
  RunnerFailure,
  RunnerStatus,
  RetentionStatus,
  StartRequest,
} from "./contract/handle.ts";
export type { Json, JsonObject } from "./contract/json.ts";
export { jsonObjectSchema, jsonSchema } from "./contract/json.ts";
export type { Arrival, Envelope, Kind } from "./contract/kind.ts";
export { defineKind } from "./contract/kind.ts";
export type { Logger } from "./contract/logger.ts";
export { silentLogger } from "./contract/logger.ts";
export type { AgentTool, OfferedTool } from "./contract/agent-tool.ts";
export { defineTool } from "./contract/agent-tool.ts";
export type { Credentials, Surface, SurfaceHost } from "./contract/surface.ts";
export { defineSurface } from "./contract/surface.ts";
export type { ApiRange, Plugin, PluginContext, PluginParts } from "./contract/plugin.ts";
export { acceptsApi, definePlugin, pluginApi } from "./contract/plugin.ts";
export type { Owner, Principal, Scope } from "./contract/principal.ts";
export { ownerOf, scopeOf } from "./contract/principal.ts";
export type {
  Answer,
  Question,
  QuestionMode,
  QuestionState,
  QuestionText,
} from "./contract/question.ts";
export type { Quota, QuotaExceeded } from "./contract/quota.ts";
export type { Route, RouteBudget, RouteInput, TaskRules } from "./contract/route.ts";
export { routeSchema } from "./contract/route.ts";
export type {
  BridgeServer,
  CallerOptions,
  ProcessRecord,
  Provenance,
  Runner,
  RunnerAuthority,
  RunnerCapabilities,
  RunnerEnd,
  RunnerEvent,
  RunnerFinding,
  RunnerHealth,
  Session,
  ToolPair,
  ToolText,
  Turn,
  TurnIo,
  TurnLimits,
} from "./contract/runner.ts";
export { defineRunner } from "./contract/runner.ts";
export type {
  Accepted,
  AckDue,
  DeadLetterReason,
  Ending,
  Intake,
  MessageOutcome,
  NewDeadLetter,
  NewMessage,
  NewTask,
  SenderNotice,
} from "./contract/intake.ts";
export type { EventFilter, Hint, Log, LogGap } from "./contract/log.ts";
export { isLogGap } from "./contract/log.ts";
export type { Attention, DeliveryProblem, OutboxAttention } from "./contract/attention.ts";
export type { Outbox, OutboxItem } from "./contract/outbox.ts";
export type { DeadLetter, Page, Queries, StoreStats, TaskFilter } from "./contract/queries.ts";
export type { RemovalStep, Removed, Retention, StoreSize } from "./contract/retention.ts";
export type { Leases, Store } from "./contract/store.ts";
export type {
  Claim,
  ClaimNews,
  ClaimRef,
  NewQuestion,
  Work,
  WorkerId,
  WorkWrite,
} from "./contract/work.ts";
export type {
  Conversation,
  FailureCode,
  HistoryMessage,
  ReplyState,
  Task,
  TaskError,
  TaskInput,
  TaskStatus,
  Usage,
} from "./contract/task.ts";
export { isFinal, mayChange, transitions } from "./contract/task.ts";
export { parseJson } from "./parse-json.ts";
export { createBridge } from "./engine/bridge.ts";
export type { DeclaredParts } from "./engine/declarations.ts";
export { defaultLimits } from "./engine/engine.ts";
export { defaultRetention } from "./engine/retention.ts";
export type { Explainer, Explanation, SupposedMessage, SupposedTask } from "./engine/explain.ts";
export { createExplainer } from "./engine/explain.ts";
export type { PlacedRoute, RouteReach } from "./engine/route-reach.ts";
export type { RouteRefusal } from "./engine/routing.ts";
export { promptKind } from "./engine/prompt-kind.ts";
export { systemClock, systemRandom } from "./engine/system.ts";
export { memoryStore } from "./store/memory/memory-store.ts";
// For store authors: the rules of the contract over tables, for stores that one process owns.
export type { Room, TableContext } from "./store/table-context.ts";
export { createWatchers, tableStore } from "./store/table-store.ts";
export { memoryTables } from "./store/memory/memory-tables.ts";
export type {
  BudgetRow,
  ConversationRow,
  DeadLetterRow,
  EndedTask,
  EventRow,
  LeaseRow,
  MessageRow,
  OutboxRow,
  Place,
  QuestionRow,
  TaskRow,
} from "./store/rows.ts";
export type {
  BudgetTable,
  ConversationTable,
  DeadLetterTable,
  EventTable,
  LeaseTable,
  MessageTable,
  New,
  OldestFirst,
  OutboxTable,
  PageRequest,
  QuestionTable,
  SpaceTable,
  Tables,
  TaskTable,
} from "./store/tables.ts";
