export { channelConformance } from "./channel-conformance.ts";
export { channelCases } from "./channel-cases.ts";
export type {
  ChannelBench,
  ChannelCase,
  ChannelConformance,
  PollFailure,
  SendFailure,
} from "./about.ts";
export { watchedClock, type WatchedClock } from "./watched-clock.ts";
