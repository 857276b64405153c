import t from 'tap';
import { formerPorts } from '../../../../daemons/network-manager/ports/former-ports.ts';
import { claimsOf } from '../../../../daemons/network-manager/ports/port-claims.ts';
import { parseSave } from '../../../../daemons/shared/reconcile/iptables-save.ts';
import { container } from '../../support/snapshots.ts';

const mark = '-m comment --comment "corral:0123456789abcdef"';
const listing = (...rules: string[]): ReturnType<typeof parseSave> =>
  parseSave(`*nat\n:CATTLE_HOSTPORTS_TCP_8064 - [0:0]\n:DOCKER - [0:0]\n${rules.join('\n')}\nCOMMIT\n`);

t.test('rules as iptables-save prints them', async (t) => {
  const at = '-A CATTLE_HOSTPORTS_TCP_8064';
  const have = listing(
    `${at} -p tcp -m tcp --dport 8080 ${mark} -j DNAT --to-destination 10.42.7.9:80`,
    `${at} -d 192.0.2.1/32 -p udp -m udp --dport 53 ${mark} -j DNAT --to-destination 10.42.7.9:53`,
    `${at} -p tcp -m tcp --dport 8081 ${mark} -j DNAT --to-destination [fd42::9]:80`,
    `${at} -d 2001:db8::1/128 -p tcp -m tcp --dport 8081 ${mark} -j DNAT --to-destination [fd42::9]:80`,
    `${at} -p tcp -m tcp --dport 9999 -j DNAT --to-destination 10.42.7.9:80`,
    `${at} ${mark} -j RETURN`,
    `-A DOCKER -p tcp -m tcp --dport 7777 ${mark} -j DNAT --to-destination 172.17.0.2:80`,
  );
  t.same([...formerPorts(have)].sort(), [
    'tcp/0.0.0.0:8080',
    'tcp/[2001:db8::1]:8081',
    'tcp/[::]:8081',
    'udp/192.0.2.1:53',
  ]);
  t.same([...formerPorts(new Map())], []);
});

t.test('what a claim renders is found again by its key', async (t) => {
  const ports = ['0.0.0.0:8080:80/tcp', '127.0.0.1:8081:80/tcp', '[2001:db8::1]:8082:80/tcp'];
  const { claims } = claimsOf(container('a', '10.42.7.9', ports, { ips: ['10.42.7.9', 'fd42::9'] }));
  const rules = claims.map(({ chain, rule }) => `-A ${chain} ${rule.replace(' -j ', ` ${mark} -j `)}`);
  t.same([...formerPorts(listing(...rules))].sort(), claims.map(({ key }) => key).sort());
});
