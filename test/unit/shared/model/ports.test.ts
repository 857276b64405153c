import t from 'tap';
import { isPortText, parsePort, renderPort } from '../../../../daemons/shared/model/ports.ts';

t.test('what is a published port', async (t) => {
  const cases: readonly [string, string | undefined][] = [
    ['8080:80', '0.0.0.0:8080:80/tcp'],
    ['8080:80/udp', '0.0.0.0:8080:80/udp'],
    ['192.0.2.1:53:53/udp', '192.0.2.1:53:53/udp'],
    ['0.0.0.0:1:65535/sctp', '0.0.0.0:1:65535/sctp'],
    ['0080:0080', '0.0.0.0:80:80/tcp'],
    ['[::]:8080:80', '[::]:8080:80/tcp'],
    ['[2001:DB8:0::1]:53:53/udp', '[2001:db8::1]:53:53/udp'],
    ['[192.0.2.1]:53:53/udp', '192.0.2.1:53:53/udp'],
    ['[::g]:80:80', undefined],
    ['[::]80:80', undefined],
    ['80', undefined],
    [':80:80', undefined],
    ['0:80', undefined],
    ['80:0', undefined],
    ['65536:80', undefined],
    ['80:65536', undefined],
    ['80:80/icmp', undefined],
    ['80:80/TCP', undefined],
    ['300.0.0.1:80:80', undefined],
    ['::1:80:80', undefined],
    ['80:80 ', undefined],
    ['80:80/tcp\n', undefined],
    ['-1:80', undefined],
    ['', undefined],
  ];
  for (const [text, want] of cases) {
    const port = parsePort(text);
    t.equal(port && renderPort(port), want, JSON.stringify(text));
    t.equal(isPortText(text), text === want, `${JSON.stringify(text)} canonical`);
  }
});
