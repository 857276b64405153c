import t from 'tap';
import { maxConfigBytes } from '../../../../cni-plugins/shared/json.ts';
import { parseNetConf, requirePrevResult } from '../../../../cni-plugins/shared/parse-config.ts';
import { cniCodeOf } from '../cni-code-of.ts';

const good = { cniVersion: '1.0.0', name: 'corral', type: 'corral-bridge' };

t.test('a configuration', async (t) => {
  const prevResult = { cniVersion: '1.0.0', interfaces: [{ name: 'eth0' }], ips: [{ address: '10.42.0.2/24' }] };
  const conf = parseNetConf(JSON.stringify({ ...good, mtu: 1400, prevResult }));
  t.same(conf, {
    cniVersion: '1.0.0',
    name: 'corral',
    type: 'corral-bridge',
    prevResult: { interfaces: [{ name: 'eth0' }], ips: [{ address: '10.42.0.2/24' }], routes: [], dns: {} },
    raw: { ...good, mtu: 1400 },
    rawPrevResult: prevResult,
  });
  t.equal(parseNetConf(JSON.stringify(good)).prevResult, undefined);
});

t.test('without a version it is 0.1.0; prevResult is read in its dialect', async (t) => {
  const prevResult = { ip4: { ip: '10.42.0.2/24', gateway: '10.42.0.1', routes: [{ dst: '0.0.0.0/0' }] }, dns: {} };
  const conf = parseNetConf(JSON.stringify({ ...good, cniVersion: undefined, prevResult }));
  t.equal(conf.cniVersion, '0.1.0');
  t.same(conf.prevResult, {
    interfaces: [],
    ips: [{ address: '10.42.0.2/24', gateway: '10.42.0.1' }],
    routes: [{ dst: '0.0.0.0/0' }],
    dns: {},
  });
});

t.test('what is refused, and with which code', async (t) => {
  const rows: [string, number][] = [
    ['', 6],
    ['{', 6],
    ['[]', 6],
    ['null', 6],
    ['"text"', 6],
    [`"${'x'.repeat(maxConfigBytes)}"`, 6],
    [JSON.stringify({ ...good, cniVersion: '0.0.1' }), 1],
    [JSON.stringify({ ...good, cniVersion: '2.0.0' }), 1],
    [JSON.stringify({ ...good, cniVersion: 1 }), 1],
    [JSON.stringify({ ...good, cniVersion: {} }), 1],
    [JSON.stringify({ ...good, name: undefined }), 7],
    [JSON.stringify({ ...good, name: '' }), 7],
    [JSON.stringify({ ...good, name: '../x' }), 7],
    [JSON.stringify({ ...good, name: 'a/b' }), 7],
    [JSON.stringify({ ...good, name: 'x'.repeat(64) }), 7],
    [JSON.stringify({ ...good, name: 7 }), 7],
    [JSON.stringify({ ...good, prevResult: 'x' }), 7],
    [JSON.stringify({ ...good, prevResult: { ips: 'x' } }), 7],
    [JSON.stringify({ ...good, prevResult: { ips: [{ address: 7 }] } }), 7],
  ];
  for (const [text, cniCode] of rows)
    t.equal(
      cniCodeOf(() => parseNetConf(text)),
      cniCode,
      text.slice(0, 60),
    );
});

t.test('CHECK needs 0.4.0 and prevResult', async (t) => {
  const conf = (extra: object): ReturnType<typeof parseNetConf> => parseNetConf(JSON.stringify({ ...good, ...extra }));
  t.equal(
    cniCodeOf(() => requirePrevResult(conf({ cniVersion: '0.3.1', prevResult: {} }))),
    1,
  );
  t.equal(
    cniCodeOf(() => requirePrevResult(conf({}))),
    7,
  );
  t.same(requirePrevResult(conf({ cniVersion: '0.4.0', prevResult: {} })).ips, []);
});
