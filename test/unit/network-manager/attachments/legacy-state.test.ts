import t from 'tap';
import { emptyResult } from '../../../../cni-plugins/shared/result.ts';
import {
  renderState,
  renderStateError,
  stateFileName,
} from '../../../../daemons/network-manager/attachments/legacy-state.ts';

t.test('the result in the words of CNI 0.2.0', async (t) => {
  const result = {
    ...emptyResult,
    interfaces: [{ name: 'eth0', sandbox: '/proc/1/ns/net' }],
    ips: [
      { address: '10.42.118.63/16', gateway: '10.42.0.1', interface: 0 },
      { address: 'fd00::5/64', gateway: 'fd00::1' },
    ],
    routes: [{ dst: '0.0.0.0/0', gw: '10.42.0.1' }, { dst: '::/0' }],
  };
  t.match(JSON.parse(renderState(result)), {
    ip4: { ip: '10.42.118.63/16', gateway: '10.42.0.1', routes: [{ dst: '0.0.0.0/0', gw: '10.42.0.1' }] },
    ip6: { ip: 'fd00::5/64', gateway: 'fd00::1', routes: [{ dst: '::/0' }] },
    dns: {},
  });
  t.match(JSON.parse(renderState({ ...emptyResult, ips: [{ address: '10.0.0.2/24' }] })), {
    ip4: { ip: '10.0.0.2/24' },
    dns: {},
  });
  t.match(JSON.parse(renderState(emptyResult)), { dns: {} });
});

t.test('an error is the text that the agent shows', async (t) => {
  t.same(JSON.parse(renderStateError('no "address" left')), { error: 'Couldn\'t bring up network: no "address" left' });
  t.ok(renderStateError('x'.repeat(100_000)).length < 3_000);
});

t.test('only a time becomes the name of a file', async (t) => {
  for (const good of ['2030-01-01T00:00:00.123456789Z', '2030-01-01T00:00:00Z', '2030-01-01T00:00:00.5+02:00']) {
    t.equal(stateFileName(good), good);
  }
  for (const bad of ['', '../x', '2030-01-01T00:00:00Z/../../x', '2030-01-01', `2030-01-01T${'0'.repeat(99)}Z`]) {
    t.equal(stateFileName(bad), undefined, bad);
  }
});
