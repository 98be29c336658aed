/** A promise that did not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly promise: string;
  readonly detail: string;

  constructor(promise: string, detail: string) {
    super(`${promise}: ${detail}`);
    this.promise = promise;
    this.detail = detail;
  }
}
