import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

/** Where distributions put it, in the order in which it is looked for. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Starts a real Chromium with an empty profile. @throws Error when there is none, with what installs it */
export async function startChromium(): Promise<Browser> {
  const executable = places.find((place) => existsSync(place));
  if (executable === undefined)
    throw new Error(
      "These tests drive a real browser, and there is none: `apt-get install -y chromium` installs it.",
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
