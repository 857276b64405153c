import t from 'tap';
import { Admission } from '../../../../daemons/dns/hot/admission.ts';
import { parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import { noCallers } from '../../../../daemons/shared/model/local-callers.ts';

const at = (text: string): number => parseIpv4(text)! | 0;

t.test('local clients, the host, clients with views of their own, guests, strangers', async (t) => {
  const admission = new Admission();
  t.equal(admission.of(at('10.42.1.5')), undefined, 'nothing is known at first');
  const rules = { ...noCallers, own: [parseIpv4('192.168.0.9')!], bridges: [parseCidr4('10.42.1.0/24')!] };
  admission.useRules(rules, [parseCidr4('200.0.0.0/8')!]);
  admission.useClients([{ address: at('10.42.1.5'), view: 4, shares: false }], []);
  for (const [address, expected] of [
    ['127.0.0.1', { view: 0, limited: false }],
    ['192.168.0.9', { view: 0, limited: false }],
    ['10.42.1.6', { view: 0, limited: false }],
    ['10.42.1.5', { view: 4, shares: false, limited: false }],
    ['200.1.2.3', { view: 0, limited: true }],
  ] as const) {
    t.match(admission.of(at(address)), expected, address);
    t.match(admission.of(at(address)), expected, `${address} again`);
  }
  t.equal(admission.of(at('192.168.0.10')), undefined);
  admission.useClients([], [at('10.42.1.5')]);
  t.match(admission.of(at('10.42.1.5')), { view: 0 });
  admission.useRules(noCallers, []);
  t.equal(admission.of(at('10.42.1.6')), undefined, 'what was remembered goes with the rules');
});

t.test('forged addresses cost no memory', async (t) => {
  const admission = new Admission();
  admission.useClients([{ address: 7, view: 1, shares: true }], []);
  for (let address = 100; address < 20_000; address += 1) admission.of(address);
  t.match(admission.of(7), { view: 1 });
});
