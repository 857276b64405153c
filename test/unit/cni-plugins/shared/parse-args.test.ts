import t from 'tap';
import { parseArgs } from '../../../../cni-plugins/shared/parse-args.ts';
import { cniCodeOf } from '../cni-code-of.ts';

t.test('CNI_ARGS that are accepted', async (t) => {
  const rows: [string, Record<string, string>][] = [
    ['', {}],
    [';', {}],
    ['IP=10.42.0.5', { IP: '10.42.0.5' }],
    ['IPAddress=10.42.0.5/16;', { IPAddress: '10.42.0.5/16' }],
    ['IP=', { IP: '' }],
    ['IP=a;IP=b', { IP: 'b' }],
    ['K8S_POD_NAME=web;K8S_POD_NAMESPACE=x', { K8S_POD_NAME: 'web', K8S_POD_NAMESPACE: 'x' }],
    ['FOO=bar;IgnoreUnknown=true', { FOO: 'bar', IgnoreUnknown: 'true' }],
    ['IgnoreUnknown=1;__proto__=x', JSON.parse('{"IgnoreUnknown":"1","__proto__":"x"}')],
    [
      'IgnoreUnknown=1;DOCKER=true;RancherContainerUUID=u-1;LinkMTUOverhead=0;MACAddress=02:00:00:00:00:0a',
      {
        IgnoreUnknown: '1',
        DOCKER: 'true',
        RancherContainerUUID: 'u-1',
        LinkMTUOverhead: '0',
        MACAddress: '02:00:00:00:00:0a',
      },
    ],
  ];
  for (const [text, want] of rows) t.same(parseArgs(text), want, text);
});

t.test('CNI_ARGS that are refused with code 4', async (t) => {
  const rows = ['IP', '=x', 'IP=a=b', 'FOO=bar', 'IgnoreUnknown=0;FOO=bar', `IP=${'x'.repeat(70_000)}`];
  for (const text of rows)
    t.equal(
      cniCodeOf(() => parseArgs(text)),
      4,
      text.slice(0, 40),
    );
});
