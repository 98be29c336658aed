/** What the tables keep in memory beside the file. */
export interface Kept {
  /** Writes what belongs to the change that ends. */
  settle(): void;
  /** Drops everything: something was undone, or another process wrote. */
  forget(): void;
}
