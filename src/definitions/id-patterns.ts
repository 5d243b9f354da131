/** One lower-case DNS label (RFC 1123), at most 63 characters. */
export const dnsLabelPattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
/** A DNS name of at least two labels. */
export const hostNamePattern = "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
/** A workspace id has no hyphen, so that no two workspaces can build the same release name. */
export const workspaceIdPattern = "^[a-z0-9]{1,20}$";
