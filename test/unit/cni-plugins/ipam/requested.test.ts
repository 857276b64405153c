import t from 'tap';
import { requestedAddresses, requestedMac } from '../../../../cni-plugins/ipam/requested.ts';
import { renderIp } from '../../../../daemons/shared/model/ip.ts';
import { cniCodeOf } from '../cni-code-of.ts';

type Args = Record<string, string>;

const show = (config: object, args: Args): string[] =>
  requestedAddresses({ ...config }, args).map(({ address }) => renderIp(address));

t.test('where an address may be asked for, strongest first', async (t) => {
  const places: [object, Args][] = [
    [{ runtimeConfig: { ips: ['10.42.0.1/16'] } }, {}],
    [{ args: { cni: { ips: ['10.42.0.2'] } } }, {}],
    [{}, { IP: '10.42.0.3' }],
    [{}, { IPAddress: '10.42.0.4/24' }],
    [{ args: { corral: { requestedIp: '10.42.0.5' } } }, {}],
  ];
  for (let first = 0; first < places.length; first += 1) {
    const [config, args] = places.slice(first).reduceRight<[Record<string, Record<string, unknown>>, Args]>(
      ([allConfig, allArgs], [one, oneArgs]) => [
        { ...allConfig, ...one, args: { ...allConfig.args, ...(one as { args?: object }).args } },
        { ...allArgs, ...oneArgs },
      ],
      [{}, {}],
    );
    t.same(show(config, args), [`10.42.0.${first + 1}`]);
  }
  t.same(show({ runtimeConfig: { ips: [] } }, { IP: '' }), []);
  t.same(show({}, { IP: '10.42.0.1,fd00::1/64' }), ['10.42.0.1', 'fd00::1']);
  t.equal(requestedAddresses({}, { IP: 'fd00::1/64' })[0]?.prefix, 64);
});

t.test('an address that is none, or too many', async (t) => {
  const rows: [object, Args][] = [
    [{ runtimeConfig: { ips: new Array(17).fill('10.42.0.1') } }, {}],
    [{ runtimeConfig: { ips: ['fd00::1%eth0'] } }, {}],
    [{ runtimeConfig: { ips: '10.42.0.1' } }, {}],
    [{ runtimeConfig: { ips: [7] } }, {}],
    [{}, { IP: '10.42.0.1;rm' }],
    [{}, { IP: '10.42.0.1,' }],
    [{ args: { corral: { requestedIp: 7 } } }, {}],
  ];
  for (const [config, args] of rows)
    t.equal(
      cniCodeOf(() => requestedAddresses({ ...config }, args)),
      7,
      JSON.stringify([config, args]),
    );
});

t.test('MACs', async (t) => {
  const good = '02:00:00:00:00:0A';
  const rows: [object, Args][] = [
    [{ runtimeConfig: { mac: good } }, { MAC: 'x' }],
    [{ args: { cni: { mac: good } } }, { MAC: 'x' }],
    [{}, { MAC: good, MACAddress: 'x' }],
    [{}, { MACAddress: good }],
    [{ args: { corral: { requestedMac: good } } }, {}],
  ];
  for (const [config, args] of rows) t.equal(requestedMac({ ...config }, args), '02:00:00:00:00:0a');
  t.equal(requestedMac({}, {}), undefined);
  for (const mac of ['x', '01:00:5e:00:00:01', '00:00:00:00:00:00', '02:00:00:00:00', '02-00-00-00-00-0a']) {
    t.equal(
      cniCodeOf(() => requestedMac({}, { MAC: mac })),
      7,
      mac,
    );
  }
});
