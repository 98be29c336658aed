import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const executable = "/usr/bin/chromium";

/** Starts a real Chromium with an empty profile. @throws Error when there is none, with what installs it */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(executable))
    throw new Error(
      `These tests drive a real browser, and ${executable} is missing: \`apt-get install -y chromium\` installs it.`,
    );
  return await chromium.launch({
    executablePath: executable,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
