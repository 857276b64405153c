// Pure: what GC is told to keep (CNI specification 1.1.0, section 2, "GC").
import { isObject, type JsonObject } from './json.ts';
import { attachmentKey } from './names.ts';
import { badConfig } from './parse-config.ts';

const maxValid = 100_000;

/**
 * The keys of the attachments that live, from `cni.dev/valid-attachments`, or from `cni.dev/attachments`, as it was called
 * before. `null` is how some runtimes write an empty list. Throws CNI code 7 for anything else: what cannot be read must
 * not count as gone.
 */
export function validAttachments(config: JsonObject): ReadonlySet<string> {
  const name = 'cni.dev/valid-attachments' in config ? 'cni.dev/valid-attachments' : 'cni.dev/attachments';
  const list = config[name];
  if (list === null) return new Set();
  if (!Array.isArray(list)) throw badConfig('GC needs cni.dev/valid-attachments', 'expected a list');
  if (list.length > maxValid) throw badConfig(`${name} has ${list.length} entries`, `${maxValid} are possible`);
  return new Set(
    list.map((entry: unknown) => {
      const { containerID, ifname } = isObject(entry) ? entry : {};
      if (typeof containerID === 'string' && typeof ifname === 'string') return attachmentKey(containerID, ifname);
      throw badConfig(`${name} holds ${JSON.stringify(entry)?.slice(0, 100)}`, 'expected containerID and ifname');
    }),
  );
}
