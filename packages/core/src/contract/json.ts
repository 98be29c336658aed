import * as z from "zod";

/** Plain data: what JSON can carry. Everything stored or sent over a boundary is of this type. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** Checks that a value is plain data. Check its depth first: zod recurses. */
export const jsonSchema: z.ZodType<Json> = z.json();

/** Checks that a value is a JSON object. */
export const jsonObjectSchema: z.ZodType<JsonObject> = z.record(z.string(), jsonSchema);
