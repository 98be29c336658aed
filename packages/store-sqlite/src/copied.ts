/** A copy of plain data: what leaves the store belongs to its caller, and nothing of what is kept in memory is changed by it. */
export function copied<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => copied(item)) as T;
  const copy: { [key: string]: unknown } = {};
  for (const key of Object.keys(value)) {
    const inner = copied((value as { readonly [key: string]: unknown })[key]);
    // Assigned, it would be the copy's prototype.
    if (key === "__proto__")
      Object.defineProperty(copy, key, { value: inner, enumerable: true, writable: true });
    else copy[key] = inner;
  }
  return copy as T;
}
