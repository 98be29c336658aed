import type { ProcessOutcome } from "./outcome.ts";
import type { ProcessOptions } from "./running-process.ts";
import { startProcess } from "./start-process.ts";

export interface CapturedProcess {
  readonly outcome: ProcessOutcome;
  /** The lines of stdout, joined by line ends. */
  readonly stdout: string;
  /** Whether stdout was longer than what is kept. */
  readonly isCut: boolean;
  readonly stderrTail: string;
}

export interface CaptureOptions extends ProcessOptions {
  /** How many characters of stdout are kept, from its beginning; the rest is read and dropped. 64 Ki by default. */
  readonly maxCharacters?: number;
}

/**
 * Runs a short program to its end, such as one that prints its version. Like `startProcess` it never rejects; give it
 * `limits.totalMs`. Its time-out touches nothing but its own process.
 */
export async function captureProcess(options: CaptureOptions): Promise<CapturedProcess> {
  const { maxCharacters = 64 * 1024, ...processOptions } = options;
  await using running = startProcess({ stdin: "closed", ...processOptions });
  const kept: string[] = [];
  let left = maxCharacters;
  let isCut = false;
  for await (const line of running.lines) {
    const text = kept.length === 0 && left === maxCharacters ? line : `\n${line}`;
    if (text.length > left) isCut = true;
    if (left > 0) kept.push(text.slice(0, left));
    left = Math.max(0, left - text.length);
  }
  const outcome = await running.exit;
  return { outcome, stdout: kept.join(""), isCut, stderrTail: running.stderrTail };
}
