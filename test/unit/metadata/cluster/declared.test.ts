import t from 'tap';
import { clusterDeclared } from '../../../../daemons/metadata/cluster/declared.ts';
import { type Section, sections } from '../../../../daemons/metadata/cluster/keys.ts';
import type { Declared } from '../../../../daemons/shared/daemon/config-declared.ts';
import { host, hostId, otherHostId } from '../../../fixtures/records.ts';

const own = host({ name: 'node-1' });
const nothing: Declared = { stacks: [], services: [], hosts: [], containers: [] };
const held = (section: Section, name: string, by: string, entry: unknown, old = false) => ({
  value: { section, name, hostId: by, entry },
  created: 1,
  modified: 1,
  seen: 1,
  old,
});

t.test('the file proposes what nobody declared, without tokens and with its host', async (t) => {
  const file: Declared = {
    ...nothing,
    services: [{ name: 'db', stack: 'ext', token: 'secret', externalIps: ['192.0.2.9'] }],
    containers: [{ name: 'Box/1' }],
  };
  const { entries, propose } = clusterDeclared({ held: [], file, own });
  t.same(
    [...propose],
    [
      [
        '/corral/v1/declared/services/ext/db/db',
        JSON.stringify({ hostId, entry: { name: 'db', stack: 'ext', externalIps: ['192.0.2.9'] } }),
      ],
      [
        '/corral/v1/declared/containers/node-1/box%2F1',
        JSON.stringify({ hostId, entry: { host: 'node-1', name: 'Box/1' } }),
      ],
    ],
  );
  t.equal(entries.services[0]!.token, 'secret', 'shown here, from the own file');
});

t.test('another host’s declaration counts, and a difference is said', async (t) => {
  const file: Declared = { ...nothing, stacks: [{ name: 'a', system: true }] };
  const answer = clusterDeclared({ held: [held('stacks', 'a', otherHostId, { name: 'a' })], file, own });
  t.same(answer.entries.stacks, [{ name: 'a' }]);
  t.equal(answer.propose.size + answer.change.size, 0);
  t.match(answer.drift, [/stacks a is declared otherwise/]);
});

t.test('what this host declared before is changed, or withdrawn', async (t) => {
  const file: Declared = { ...nothing, stacks: [{ name: 'a', system: true }] };
  const before = [held('stacks', 'a', hostId, { name: 'a' }), held('stacks', 'b', hostId, { name: 'b' })];
  const { change, entries, propose } = clusterDeclared({ held: before, file, own });
  t.same(
    [...change],
    [
      ['/corral/v1/declared/stacks/a', JSON.stringify({ hostId, entry: { name: 'a', system: true } })],
      ['/corral/v1/declared/stacks/b', undefined],
    ],
  );
  t.same(entries.stacks, [{ name: 'a', system: true }]);
  t.equal(propose.size, 0);
  const old = clusterDeclared({ held: [held('stacks', 'a', hostId, { name: 'a', system: true }, true)], file, own });
  t.equal(old.propose.size, 1, 'an emptied store gets it again');
});

t.test('what another host declared wrongly is left out', async (t) => {
  const all = sections.map((section) => held(section, 'x', otherHostId, { name: 7 }));
  t.same(clusterDeclared({ held: all, file: nothing, own }).entries, nothing);
});
