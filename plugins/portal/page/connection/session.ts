import { sessionPath } from "../../src/paths.ts";

/**
 * Hands in a one-time code; the cookie that comes back is the browser's alone.
 *
 * @returns why it was not taken; null when it was
 */
export async function openSession(code: string): Promise<string | null> {
  try {
    const response = await fetch(sessionPath, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
    });
    return response.ok ? null : "This link was used before, or is too old.";
  } catch {
    // Fetch tells no more than that it failed.
    return "The bridge could not be reached to take the link's code.";
  }
}
