// Pure: a container's /etc/hosts with the line by which it knows its own name (hosts(5)). The line carries a mark, so that a
// new address replaces it and a second run changes nothing.

const mark = '# corral';

/** `names`: the host name, and the full name before it if there is one; without names our line goes. */
export function renderHosts(have: string, address: string, names: readonly string[]): string {
  const safe = names.filter(isHostName);
  const want = safe.length === 0 ? undefined : `${address}\t${safe.join(' ')}\t${mark}`;
  const lines = have.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const ours = lines.filter(isOurs);
  if (ours.length === (want === undefined ? 0 : 1) && ours[0] === want) return have;
  const made = lines.filter((line) => !isOurs(line));
  if (want !== undefined) made.push(want);
  return made.map((line) => `${line}\n`).join('');
}

function isOurs(line: string): boolean {
  return line.endsWith(`\t${mark}`);
}

function isHostName(text: string): boolean {
  return text.length <= 253 && /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(text);
}
