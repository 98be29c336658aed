export { inspectStore, type StoreInspection } from "./inspect-store.ts";
export { sqliteStore, type SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
