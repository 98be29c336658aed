/** The path of the socket. */
export const socketPath = "/api/v1/portal/ws";

/** The path of the page: its files are below it. */
export const pagePath = "/portal";

/** Where the page hands in its one-time code. */
export const sessionPath = `${pagePath}/session`;
