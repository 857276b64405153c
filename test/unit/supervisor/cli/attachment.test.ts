import t from 'tap';
import { command as attach } from '../../../../daemons/supervisor/cli/attach.ts';
import { absoluteTarget, attachRequest, renderAttachment } from '../../../../daemons/supervisor/cli/attachment.ts';
import { parseCommand } from '../../../../daemons/supervisor/cli/command.ts';

function request(...argv: string[]): unknown {
  const args = parseCommand(attach.spec, argv);
  if (args === 'help') throw new Error('no help was asked for');
  return attachRequest(args);
}

t.test('the request holds what was given', async (t) => {
  t.same(request('web-1'), { target: 'web-1', labels: {}, publish: [] });
  t.same(
    request(
      '/run/netns/x',
      '--name',
      'x',
      '--network',
      'n',
      '--label',
      'a=b=c',
      '--label',
      'e=',
      '--publish',
      '80:8080',
    ),
    {
      target: '/run/netns/x',
      name: 'x',
      network: 'n',
      labels: { a: 'b=c', e: '' },
      publish: ['80:8080'],
    },
  );
});

t.test('labels and paths that cannot be meant are refused', async (t) => {
  t.throws(() => request('x', '--label', 'novalue'), { code: 'USAGE' });
  t.throws(() => request('x', '--label', '=v'), { code: 'USAGE' });
  t.throws(() => absoluteTarget('./ns'), { code: 'USAGE' });
  t.equal(absoluteTarget('web.1'), 'web.1');
});

t.test('the answer reads line by line', async (t) => {
  const made = {
    id: 'i',
    name: null,
    network: 'corral',
    address: '10.42.0.2',
    gateway: '10.42.0.1',
    hostVeth: 'v',
    netns: null,
  };
  t.equal(renderAttachment(made), 'address  10.42.0.2\ngateway  10.42.0.1\nnetwork  corral\ndevice   v\nid       i\n');
});
