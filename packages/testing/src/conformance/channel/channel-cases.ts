import type { ChannelCase, ChannelConformance } from "./about.ts";
import { receiveCases } from "./receive-cases.ts";
import { sendCases } from "./send-cases.ts";

/** The cases of the suite for one channel. `channelConformance` registers them as tests. */
export function channelCases(about: ChannelConformance): readonly ChannelCase[] {
  return [...receiveCases(about), ...sendCases(about)];
}
