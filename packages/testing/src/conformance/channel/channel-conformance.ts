import { describe, test } from "vitest";
import type { ChannelConformance } from "./about.ts";
import { channelCases } from "./channel-cases.ts";

/** Registers the suite that every channel that receives and sends must pass. */
export function channelConformance(about: ChannelConformance): void {
  describe(`channel conformance: ${about.name}`, () => {
    // oxlint-disable-next-line vitest/expect-expect -- the cases expect
    test.each([...channelCases(about)])("$title", ({ run }) => run());
  });
}
