// Public keys of secret tunnels: from one host's overlay over its metadata and etcd to the other host, and gone with the host.
import t, { type Test } from 'tap';
import { recordOf } from '../../daemons/overlay/keys/own-keys.ts';
import { callJson, callRaw } from '../../daemons/shared/source/call.ts';
import { Records } from '../../daemons/shared/source/records.ts';
import { announced, makeKeys } from '../fixtures/tunnel-objects.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import { hostsOf, pairOf, type StoreHost } from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

t.setTimeout(180_000);
const soon = 30_000;

const idOf = (host: StoreHost): string => host.snapshot()!.hostId;

function overlayOf(t: Test, host: StoreHost): Records {
  const { recordsSocket: socketPath } = host.root;
  const records = new Records({ socketPath, source: 'overlay', onState: () => undefined, onRefused: () => undefined });
  t.teardown(() => records.close());
  return records;
}

t.test('keys travel to the other hosts, and go with theirs', async (t) => {
  const { one, two } = await pairOf(t);
  const keys = makeKeys();
  const first = recordOf(keys, idOf(one), 51_820, {});
  const overlay = overlayOf(t, one);
  overlay.start([first]);
  const seenBy = (host: StoreHost, about: string) => host.snapshot()?.get('tunnel', about);
  for (const host of [one, two]) await until(soon, 'both see it', () => seenBy(host, first.id));
  t.same(seenBy(two, first.id), first, 'byte for byte');
  const next = recordOf(announced(keys), first.id, 51_820, { [idOf(two)]: 1 });
  await overlay.change([next], []);
  await until(soon, 'the next one too', () => seenBy(two, first.id)?.serial === next.serial);
  t.same(seenBy(two, first.id), next);

  const { text } = await callRaw(one.root.metadataSocket, '/v1/store/export');
  t.notMatch(text, /tunnel/, 'keys are in no export');
  one.daemon().process.kill('SIGKILL');
  await until(soon, 'it is gone', () => hostsOf(two).some((name) => name.endsWith('gone')));
  t.ok(seenBy(two, first.id), 'who is away for a while is known');
  const query = `/v1/hosts?id=${first.id}`;
  await callJson(two.root.metadataSocket, query, { method: 'DELETE', timeoutMs: 20_000 });
  await until(soon, 'with its host', () => two.snapshot()?.get('host', first.id) === undefined);
  t.equal(seenBy(two, first.id), undefined);
});
