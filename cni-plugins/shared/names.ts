// Pure: names that a runtime passes in (CNI specification 1.1.0, section 2).

/** Longer ids would not fit into a device's alias together with the network's name. */
export const maxContainerId = 160;

export function isContainerId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxContainerId && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(value);
}

/** A device name: 1 to 15 printable ASCII characters, not `.` or `..`, without `/` and `:`. */
export function isIfname(value: unknown): value is string {
  return typeof value === 'string' && /^[!-.0-9;-~]{1,15}$/.test(value) && value !== '.' && value !== '..';
}

/**
 * The key of an attachment, which is also a file name: `<containerID>-<ifname>`.
 * Dashes and odd characters of the ifname are escaped, so that no two attachments share a key.
 */
export function attachmentKey(containerId: string, ifname: string): string {
  return `${containerId}-${encodeURIComponent(ifname).replaceAll('-', '%2D')}`;
}
