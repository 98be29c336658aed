export { platformControl, repliesIn } from "./control.ts";
export type { PlatformControl, PlatformLog } from "./control.ts";
export { endpoints } from "./faults.ts";
export type { Endpoint, Fault, FaultKind } from "./faults.ts";
export type { InboxMessage } from "./inbox.ts";
export type {
  ActivityRow,
  Attachment,
  DelegateResultInput,
  MessageInput,
  NewRow,
  PeerInput,
} from "./rows.ts";
export type { SentEntry } from "./sent-log.ts";
export { startFakePlatform } from "./server.ts";
export type { FakePlatform } from "./server.ts";
export { spawnFakePlatform } from "./spawn.ts";
export type { SpawnPlatformOptions } from "./spawn.ts";
export { createPlatformState, defaultToken } from "./state.ts";
export type { PlatformOptions, PlatformState, Workspace, WorkspaceInput } from "./state.ts";
export { fakeTools } from "./tools.ts";
export type { FakeTools, FakeToolsOptions, ToolCallOptions } from "./tools.ts";
export type { SpawnedServer } from "../loopback/spawn.ts";
