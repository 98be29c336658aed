/** Why the server closes a socket: codes beside the standard's own. */
export const closeCodes = {
  /** The bridge stops; come back in a moment. */
  goingAway: 1001,
  /** Too much at once, or a message that is no text. */
  policy: 1008,
  /** A message over the limit. */
  tooLarge: 1009,
  serverError: 1011,
  unauthenticated: 4001,
} as const;
