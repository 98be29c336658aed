/** The version of this plugin, as its package says. */
export const portalVersion = "0.1.0";
