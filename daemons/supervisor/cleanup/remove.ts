// Removes what was found. Rules first, so that nothing leads to devices that are gone; a second run finishes a first that
// was interrupted.
import { rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeFile, writeInPlace } from '../../shared/effects/files.ts';
import { openIptables } from '../../shared/effects/iptables.ts';
import { openIpsets } from '../../shared/effects/netlink/ipset.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { ensureSysctl } from '../../shared/effects/sysctl.ts';
import { acceptPath, forwarding6Path, forwardingPath } from '../../shared/model/host-settings.ts';
import { acceptRecord, forwardingRecord, type Paths } from '../../shared/model/paths.ts';
import type { Findings } from './find.ts';
import { removeBlocks } from './find-blocks.ts';
import { removeCharon } from './find-ipsec.ts';

/** @throws SuiteError COMMAND_*, NETLINK_*, SYSCTL_REFUSED; what was removed until then stays removed. */
export async function removeAll(found: Findings, netlink: Netlink, paths: Paths): Promise<void> {
  await removeCharon(found.ipsec);
  for (const family of [4, 6] as const) {
    const { payload } = found.chains[family];
    if (payload !== '') await openIptables(family).restore(payload);
  }
  await removeSets(found.sets);
  for (const link of found.links) await netlink.dropLink(link.index);
  for (const route of found.routes) await netlink.dropRoute(route);
  for (const address of found.addresses) await netlink.dropAddress(address);
  for (const path of found.files) {
    removeFile(path);
    removeEmpty(dirname(path));
  }
  for (const path of found.folders) rmSync(path, { recursive: true, force: true });
  await removeBlocks(found.blocks, netlink);
  for (const { path, body } of found.names) writeInPlace(path, body);
  for (const family of found.forwarding) {
    ensureSysctl(family === 4 ? forwardingPath : forwarding6Path, '0');
    removeFile(forwardingRecord(paths, family));
  }
  // Only now: a host that forwards would stop listening, and lose its route.
  for (const device of found.accepting) ensureSysctl(acceptPath(device), '1');
  removeFile(acceptRecord(paths));
}

async function removeSets(names: readonly string[]): Promise<void> {
  const sets = openIpsets();
  try {
    for (const name of names) await sets.destroy(name);
  } finally {
    sets.close();
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else has a file in it.
  }
}
