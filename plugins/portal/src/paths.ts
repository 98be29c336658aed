/** The path of the socket. */
export const socketPath = "/api/v1/portal/ws";

/** The path of the page. */
export const pagePath = "/portal";
