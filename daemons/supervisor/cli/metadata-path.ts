// Pure: the path of a metadata request from what a person typed.

const version = /^(latest|\d{4}-\d{2}-\d{2})$/;

/** As listings print keys, with a space as `+` and the rest escaped: copied from there, it is meant so. */
function isListed(part: string): boolean {
  return /^([A-Za-z0-9_.~+-]|%[0-9A-Fa-f]{2})*$/.test(part);
}

/** `/self/host` and `self/host` mean the latest version; a trailing slash is kept, since it asks for a listing. */
export function metadataPath(typed: string): string {
  const parts = typed.replace(/^\/+/, '').split('/');
  const full = version.test(parts[0] ?? '') ? parts : ['latest', ...parts];
  return `/${full.map((part) => (isListed(part) ? part : encodeURIComponent(part))).join('/')}`;
}
