/** Keeps the secrets that this process knows out of what it logs. */
export interface LogRedactor {
  /** The same text without secrets, also where they stand in it as JSON or in an address. */
  text(text: string): string;
  /** The same data, with every text and key in it redacted. */
  data(value: unknown): unknown;
}

const mark = "[secret]";
/** How deep data is looked through; what lies deeper is left to the line's own redaction. */
const maxDepth = 16;

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** How a secret may be written: as it is, in JSON, in JSON that is a text of JSON, in an address, on one line. */
const writings: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  escaped,
  (secret) => escaped(escaped(secret)),
  (secret) => encodeURIComponent(secret.toWellFormed()),
  (secret) => secret.replaceAll(/\s+/g, " "),
];

/** Creates a redactor. @param secrets may grow while it is in use */
export function createLogRedactor(secrets: ReadonlySet<string>): LogRedactor {
  const text = (given: string): string => {
    // The longest first: a secret that is a part of another must not leave the rest of it readable.
    const forms = [...secrets].flatMap((secret) => writings.map((write) => write(secret)));
    return [...new Set(forms)]
      .toSorted((a, b) => b.length - a.length)
      .reduce((left, form) => left.replaceAll(form, mark), given);
  };
  const data = (value: unknown, depth = maxDepth): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null || depth === 0) return value;
    if (Array.isArray(value)) return value.map((item) => data(item, depth - 1));
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, item]) => [text(key), data(item, depth - 1)]));
  };
  return { text, data: (value) => (secrets.size === 0 ? value : data(value)) };
}
