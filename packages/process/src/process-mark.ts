/**
 * The environment variable that every process of a run carries, children of children included.
 * Its value is `<stateId>:<taskId>:<attempt>`.
 */
export const markVariable = "AGENT_BRIDGE_RUN";

/** Which attempt of which task a process belongs to, and which state folder owns that task. */
export interface ProcessMark {
  readonly stateId: string;
  readonly taskId: string;
  /** From 1; the fencing number of the claim. */
  readonly attempt: number;
}

const idPattern = /^[A-Za-z0-9._-]{1,128}$/;
const textPattern = /^([A-Za-z0-9._-]{1,128}):([A-Za-z0-9._-]{1,128}):([1-9]\d{0,14})$/;

/**
 * Writes a mark as the text of the variable.
 *
 * @throws TypeError when an id has other characters than letters, digits, `.`, `_` and `-` or more than 128
 *   of them, or when the attempt is no positive integer: such a text could be read back as another mark
 */
export function formatMark(mark: ProcessMark): string {
  for (const id of [mark.stateId, mark.taskId]) {
    if (!idPattern.test(id)) throw new TypeError(`"${id}" can not be part of a process mark.`);
  }
  if (
    !Number.isSafeInteger(mark.attempt) ||
    mark.attempt < 1 ||
    mark.attempt > 999_999_999_999_999
  ) {
    throw new TypeError(`${mark.attempt} is not an attempt: attempts are integers from 1.`);
  }
  return `${mark.stateId}:${mark.taskId}:${mark.attempt}`;
}

/** Reads the text of the variable; `undefined` for anything that `formatMark` can not have written. */
export function parseMark(text: string): ProcessMark | undefined {
  const [, stateId, taskId, attempt] = textPattern.exec(text) ?? [];
  if (stateId === undefined || taskId === undefined || attempt === undefined) return undefined;
  return { stateId, taskId, attempt: Number(attempt) };
}
