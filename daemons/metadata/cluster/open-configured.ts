// A link to an endpoint of the configuration.
import type { Config } from '../../shared/daemon/config.ts';
import { type EtcdLink, openEtcd } from '../../shared/effects/etcd.ts';
import { readText } from '../../shared/effects/files.ts';

/** The password's file is read for each connection, so that a new password needs no restart. */
export function openConfigured(
  endpoint: string,
  { user, passwordFile, tls }: Pick<Config['store'], 'user' | 'passwordFile' | 'tls'>,
): Promise<EtcdLink> {
  return openEtcd({
    endpoint,
    ...(user !== 'none' && { user, password: readText(passwordFile).trim() }),
    ...(tls !== 'none' && { tls }),
  });
}
